package window

import "time"

// A Scale is the length of a sliding window, as an index into a literal table.
type Scale uint8

// The scales.
const (
	S10s Scale = iota
	S1m
	S5m
	S10m
	S30m
	S1h
	S24h
	numScales
)

type scaleSpec struct {
	unit  uint32 // seconds a bucket
	count uint32 // closed buckets kept
	name  string
	open  float64 // surprise from which on a count is out of line
	close float64 // and below which it is in line again
	share float64 // of the table's usual count, that is worth a word on a small server
}

var scaleSpecs = [numScales]scaleSpec{
	S10s: {1, 10, "10s", 10.5, 4, 4},
	S1m:  {10, 6, "1m", 10, 4, 1.2},
	S5m:  {60, 5, "5m", 9.5, 3.5, 0.5},
	S10m: {60, 10, "10m", 9.5, 3.5, 0.3},
	S30m: {300, 6, "30m", 9, 3, 0.2},
	S1h:  {600, 6, "1h", 8.5, 3, 0.07},
	S24h: {3600, 24, "24h", 7, 2.5, 0.06},
}

// String returns the window as people write it: "10s", "1m", "24h".
func (s Scale) String() string { return scaleSpecs[s].name }

// Seconds returns the window's length in seconds.
func (s Scale) Seconds() uint32 { return scaleSpecs[s].unit * scaleSpecs[s].count }

// Length returns the window's length.
func (s Scale) Length() time.Duration { return time.Duration(s.Seconds()) * time.Second }

// Reach returns the longest time that a sum of s may cover: its window and one bucket.
func (s Scale) Reach() time.Duration {
	return s.Length() + time.Duration(scaleSpecs[s].unit)*time.Second
}

// Scales is a set of Scale.
type Scales uint8

// Of returns the set of those scales.
func Of(list ...Scale) Scales {
	var set Scales
	for _, s := range list {
		set |= 1 << s
	}
	return set
}

// Has reports whether s is in the set.
func (set Scales) Has(s Scale) bool { return set&(1<<s) != 0 }

// bucket returns the number of the bucket in which second t lies. The units stand here once more as
// constants, since a division by one is a multiplication, and this is done several times an event.
func (s Scale) bucket(t uint32) uint32 {
	switch s {
	case S1m:
		return t / 10
	case S5m, S10m:
		return t / 60
	case S30m:
		return t / 300
	case S1h:
		return t / 600
	case S24h:
		return t / 3600
	}
	return t
}

// place returns where the bucket of that number is kept, for the same reason.
func (s Scale) place(bucket uint32) uint32 {
	switch s {
	case S5m:
		return bucket % 5
	case S1m, S30m, S1h:
		return bucket % 6
	case S24h:
		return bucket % 24
	}
	return bucket % 10
}
