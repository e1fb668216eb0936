package window

import (
	"cmp"
	"encoding/binary"

	"github.com/dchest/siphash"
	"github.com/fedwarden/fedwarden/pipeline"
)

// A Table names what the keys of one table are.
type Table uint8

// The tables. Site, Domain and Actor belong to the key space site, IP and Prefix to network, Class to instance.
const (
	Site Table = iota
	Domain
	Actor
	IP
	Prefix
	Class // of jobs
	numTables
)

var tableNames = [numTables]string{"sites", "domains", "actors", "addresses", "networks", "job classes"}

// String returns what the table's keys are, as people say it: "sites", "addresses".
func (t Table) String() string { return tableNames[t] }

// spaceOf says to which key space a table belongs.
var spaceOf = [numTables]pipeline.KeySpace{pipeline.SpaceSite, pipeline.SpaceSite, pipeline.SpaceSite,
	pipeline.SpaceNetwork, pipeline.SpaceNetwork, pipeline.SpaceInstance}

// Options bound a Space. Keys of zero take Percent of the defaults: 20,000 sites, 25,000 domains, 25,000 actors,
// 40,000 addresses, 20,000 prefixes, 1,000 job classes: full, 65 MB, and 45 MB of doorkeepers at the worst. A Percent of zero is 100. A table starts empty and
// grows as keys come.
type Options struct {
	Space   pipeline.KeySpace // site, network or instance
	Secret  pipeline.Secret
	Percent int
	Keys    [numTables]int // by Table
}

var defaultKeys = [numTables]int{20_000, 25_000, 25_000, 40_000, 20_000, 1000}

// quotas are how many children of one kind, claimed or proven, one parent may have: domains a site, actors a
// domain, addresses a prefix.
var quotas = [numTables]uint32{Domain: 64, Actor: 256, IP: 256}

// parentOf says whose children a table's keys are; the others have no parent.
var parentOf = [numTables]Table{Domain: Site, Actor: Domain, IP: Prefix}

// A Space is all keyed state of one key space. It is a pipeline.Detector, registered before the
// detectors that hold metrics of it; metrics must be claimed before its first event.
type Space struct {
	opts      Options
	tables    [numTables]*table
	slabs     []*slab // of rings and address lists, by the size of their cells
	metrics   []*Metric
	named     [numNames][]*Metric // the same
	distincts []*Distinct
	addrs     [numTables]addrClaim
	notes     []*Note
	claimed   nameSet     // names of which a metric is claimed
	novelty   [2]*novelty // of claimed and of proven pairs
	sight     lastSight
	common    *common
	leader    *Metric // by which common is judged
	lane      lane
	since     pipeline.Time
	origins   bool // whether sites' own addresses are remembered
	fetched   uint32
	records   [numTables]record // of the keys of the event being observed; nil of one without a place
	before    [numTables]uint32 // seconds in which the keys of the event being observed were seen before it
	nets      lastNets
	byRails   uint32 // the second from which on Rails alone has been the witness of deliveries; zero while nginx is
}

// NewSpace returns an empty Space.
func NewSpace(o Options) *Space {
	s := &Space{opts: o, common: newCommon(), novelty: [2]*novelty{newNovelty(), newNovelty()}}
	for t := range numTables {
		if spaceOf[t] != o.Space {
			continue
		}
		keys := o.Keys[t]
		if keys == 0 {
			keys = defaultKeys[t] * cmp.Or(o.Percent, 100) / 100
		}
		quota := quotas[t]
		if quota == 0 {
			quota = ^uint32(0)
		}
		s.tables[t] = newTable(keys, quota)
		s.tables[t].largest = largestDoor(cmp.Or(o.Percent, 100))
	}
	return s
}

// largestDoor returns the words of a doorkeeper's largest filter: 4 MB, and less where memory is short.
func largestDoor(percent int) int {
	words := doorLargest
	for ; percent < 50 && words > doorFirst; percent *= doorGrowth {
		words /= doorGrowth
	}
	return words
}

// Since returns when the Space began to know; zero if it has seen nothing.
func (s *Space) Since() pipeline.Time { return s.since }

// knownDays is on how many days a key must have been seen to be known.
const knownDays = 3

// Known reports whether the key was seen on three days or more.
func (s *Space) Known(t Table, slot int32) bool {
	return slot != 0 && s.tables[t].record(slot).daysSeen() >= knownDays
}

// Knows reports whether the Space is old enough for one that is not Known to be a stranger.
func (s *Space) Knows(now pipeline.Time) bool { return now.Sub(s.since) >= knownDays*learnFor }

// Keys returns how many keys the Space holds.
func (s *Space) Keys() int {
	n := 0
	for _, t := range s.tables {
		if t != nil {
			n += t.used()
		}
	}
	return n
}

// Evictions returns how many keys were replaced for want of room.
func (s *Space) Evictions() uint64 {
	var n uint64
	for _, t := range s.tables {
		if t != nil {
			n += t.bound.evictions
		}
	}
	return n
}

// grow reserves words in the records of t; only before the first event.
func (s *Space) grow(t Table, words uint32) uint32 {
	tab := s.tables[t]
	if tab == nil || tab.keys.used > 0 {
		panic("BUG: claim on a table that the space does not have, or after its first event")
	}
	at := recRefs + tab.refs
	tab.refs += words
	tab.arrange()
	return at
}

// lineWords is a line of the cache. Cells are whole lines, so that what is hot shares one.
const lineWords = 16

func lines(words uint32) uint32 { return (words + lineWords - 1) &^ (lineWords - 1) }

// slab returns the slab of cells of so many words.
func (s *Space) slab(words uint32) *slab {
	for _, sl := range s.slabs {
		if sl.words == words {
			return sl
		}
	}
	sl := &slab{words: words}
	s.slabs = append(s.slabs, sl)
	return sl
}

// Advance does nothing: all is rolled when it is touched.
func (s *Space) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (s *Space) Due(pipeline.Time) pipeline.Time { return 0 }

// pin keeps a key in its table until a time, for an incident is open about it.
func (s *Space) pin(t Table, slot int32, until pipeline.Time) {
	if slot != 0 {
		r := s.tables[t].record(slot)
		*r.at(recPinned) = max(*r.at(recPinned), uint32(until/pipeline.Second))
	}
}

// forget frees what a key that is replaced holds elsewhere.
func (s *Space) forget(t Table, slot int32, second uint32) {
	s.refund(t, slot, second)
	r := s.tables[t].record(slot)
	for _, m := range s.metrics {
		if m.table == t {
			m.release(r)
		}
	}
	for _, d := range s.distincts {
		if d.table == t {
			d.release(slot)
		}
	}
	s.addrs[t].release(r)
	if parents := s.tables[parentOf[t]]; parents != nil && r.parent() != 0 { // nobody's child may have one in a damaged snapshot
		parents.orphan(r.parent(), r.is(flagProven))
	}
}

// hash is the keyed hash of a key: its top bit is set, so it is never zero.
func (s *Space) hash(name string) uint64 {
	k0 := binary.LittleEndian.Uint64(s.opts.Secret[:8])
	k1 := binary.LittleEndian.Uint64(s.opts.Secret[8:])
	return siphash.Hash(k0, k1, bytesOf(name)) | 1<<63
}
