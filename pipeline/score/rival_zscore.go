package score

import (
	"math"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The z-score's parameters. With a floor of 60 in a bin the rule is at its best untuned: without one it tells
// of each sparse domain's second request, and above z > 6 each server would need its own number.
const (
	zBin   = 5 * time.Minute
	zAbove = 6.0
	zFloor = 60
	// zAlpha is the weight of the newest bin: the mean's memory is about a day of 288 bins, the shortest
	// in which a day's rhythm evens out.
	zAlpha = 2.0 / (288 + 1)
	// zForget is after how many empty bins a domain is as new: three days, in which its mean falls to an
	// eighth.
	zForget = 3 * 288
)

// A series is one domain's requests: their mean and mean square over bins gone, and the bin that is open.
type series struct {
	bin          int64
	count        float64
	mean, square float64
}

// roll closes bins until bin.
func (s *series) roll(bin int64) {
	if bin <= s.bin {
		return
	}
	s.mean += zAlpha * (s.count - s.mean)
	s.square += zAlpha * (s.count*s.count - s.square)
	fade := math.Pow(1-zAlpha, float64(bin-s.bin-1)) // of the empty bins between
	s.mean, s.square = s.mean*fade, s.square*fade
	s.bin, s.count = bin, 0
}

// odd reports whether the open bin is too full already.
func (s *series) odd() bool {
	deviation := math.Sqrt(max(0, s.square-s.mean*s.mean))
	return s.count >= zFloor && s.count-s.mean > zAbove*deviation
}

// zScore is a plain z-score for each domain, by exponentially weighted mean and deviation.
type zScore struct {
	teller
	domains map[string]*series
	swept   int64
}

func newZScore() *zScore { return &zScore{domains: map[string]*series{}} }

// Name returns what the tables call it.
func (z *zScore) Name() string { return "z-score" }

// Incidents returns what it told so far.
func (z *zScore) Incidents() []Incident { return z.told }

// Observe sees a request. It need not wait for a bin's end to tell: that would be a handicap.
func (z *zScore) Observe(e *pipeline.Event) {
	who, ok := domain(e)
	if !ok || e.Kind != pipeline.KindRequest {
		return
	}
	bin := int64(e.Time) / int64(zBin)
	z.sweep(bin)
	s := z.domains[who.Value]
	if s == nil {
		s = &series{bin: bin}
		z.domains[strings.Clone(who.Value)] = s
	}
	s.roll(bin)
	if s.count++; s.odd() {
		who.Value = strings.Clone(who.Value)
		z.tell("z_score_domain", who, e.Time.Std())
	}
}

// sweep forgets domains that have long been silent.
func (z *zScore) sweep(bin int64) {
	if bin-z.swept < 12 {
		return
	}
	z.swept = bin
	for name, s := range z.domains {
		if bin-s.bin > zForget {
			delete(z.domains, name)
		}
	}
}
