package window

import "cmp"

// A doorkeeper counts keys that have no place in a table yet, and says how often one has come in the last
// minute or two: never too low, and too high as its filters fill. It is a blocked Count-Min sketch: a key's
// four counters of a byte lie in one line of the cache, and only the lowest of them are raised
// (conservative update). Keys are keyed hashes, so nobody can craft two that collide.
//
// A pane covers 60 s, and the one before it is kept. A pane is a chain of filters, each four times as large
// as the one before: when one holds as many keys as it was made for, the next is added, and a key's count is
// the sum over the chain. A new pane begins with the size that the last one came to need.
//
// Bytes: from 256 kB a pane to 4 MB in the largest filter, 5.3 MB in a whole chain. Cost: one line of the
// cache a filter, mostly two. Error: see TestDoorkeeperError, which holds it to what is promised: of six million
// keys a minute that come once, no more than one in a hundred is let in.
type doorkeeper struct {
	largest int    // words of the largest filter; zero is doorLargest
	minute  uint32 // of the current pane
	panes   [2]doorPane
}

// A doorPane is the chain of filters of one minute.
type doorPane struct {
	filters [][]uint64
	filled  uint32 // raises in the last filter
}

const (
	doorLine     = 8       // words of a line
	doorFirst    = 1 << 15 // words: 256 kB
	doorLargest  = 1 << 19 // words: 4 MB
	doorGrowth   = 4
	doorCounters = 4
	doorMax      = 0xff
	admitAt      = 8 // events before a key gets a place
)

// A tally is how many events of a key came, by minute.
type tally struct{ newer, older uint32 }

func (n tally) sum() uint32 { return n.newer + n.older }

// less returns the tally without some of the newer ones.
func (n tally) less(some uint32) tally { return tally{n.newer - some, n.older} }

// raise counts n events of hash at a second, and returns how many there were.
func (d *doorkeeper) raise(hash uint64, second, n uint32) tally {
	d.turn(second / 60)
	return tally{d.panes[0].raise(hash, n, cmp.Or(d.largest, doorLargest)), d.panes[1].count(hash)}
}

// doorHash is under which the events of a part of a key are counted that it gets its place by.
func doorHash(hash uint64, p Part) uint64 { return hash ^ uint64(p) }

// rareHash is under which those of a metric are that few events belong to. All of a key's counters share a line.
func rareHash(hash uint64, n Name, p Part) uint64 { return hash ^ uint64(n+1)<<1 ^ uint64(p) }

// count returns how many events of hash there were, without counting one.
func (d *doorkeeper) count(hash uint64, second uint32) tally {
	d.turn(second / 60)
	return tally{d.panes[0].count(hash), d.panes[1].count(hash)}
}

func (d *doorkeeper) turn(minute uint32) {
	if minute <= d.minute && d.panes[0].filters != nil {
		return
	}
	fresh := doorPane{filters: [][]uint64{d.blank(d.panes[0].need())}}
	d.panes[1], d.panes[0] = d.panes[0], fresh
	if minute > d.minute+1 {
		d.panes[1] = doorPane{}
	}
	d.minute = minute
}

// blank returns an empty filter: that of the pane which is over, if it has the size.
func (d *doorkeeper) blank(words int) []uint64 {
	if old := d.panes[1].filters; len(old) == 1 && len(old[0]) == words {
		clear(old[0])
		return old[0]
	}
	return make([]uint64, words)
}

// need returns the size of one filter for all that came in the pane.
func (p *doorPane) need() int {
	n := len(p.filters)
	if n == 0 {
		return doorFirst
	}
	last := len(p.filters[n-1])
	if n == 1 && int(p.filled) < doorRoom(last)/doorGrowth/2 {
		return max(doorFirst, last/doorGrowth)
	}
	return last
}

// doorRoom is how many keys a filter takes before another is added: one for eight counters, so that what fills
// adds nothing to the counts of others in the next one. The largest takes what comes.
func doorRoom(words int) int { return words }

func (p *doorPane) raise(hash uint64, by uint32, largest int) uint32 {
	var n uint32
	last := len(p.filters) - 1
	for _, f := range p.filters[:last] {
		n += lowest(f, hash)
	}
	count, fresh := lift(p.filters[last], hash, by)
	if fresh {
		p.filled++
	}
	if size := len(p.filters[last]); int(p.filled) >= doorRoom(size) && size < largest {
		p.filters = append(p.filters, make([]uint64, doorGrowth*size))
		p.filled = 0
	}
	return n + count
}

func (p *doorPane) count(hash uint64) uint32 {
	var n uint32
	for _, f := range p.filters {
		n += lowest(f, hash)
	}
	return n
}

// full reports whether the pane's largest filter holds more than it was made for.
func (p *doorPane) full() bool {
	n := len(p.filters)
	return n > 0 && int(p.filled) > 8*doorRoom(len(p.filters[n-1]))
}

// line returns the line of hash in f, and the bits that choose four bytes in it.
func line(f []uint64, hash uint64) ([]uint64, uint64) {
	at := hash >> 20 % uint64(len(f)/doorLine) * doorLine
	return f[at : at+doorLine : at+doorLine], mix(hash)
}

// lowest returns the lowest of the counters of hash.
func lowest(f []uint64, hash uint64) uint32 {
	w, h := line(f, hash)
	least := uint64(doorMax)
	for range doorCounters {
		least = min(least, w[h>>3&7]>>(h&7*8)&doorMax)
		h >>= 6
	}
	return uint32(least)
}

// lift raises the counters of hash to by more than the lowest of them, and returns that, and whether it was zero
// before.
func lift(f []uint64, hash uint64, by uint32) (uint32, bool) {
	least := lowest(f, hash)
	to := min(uint64(least)+uint64(by), doorMax)
	w, h := line(f, hash)
	for range doorCounters {
		at, shift := &w[h>>3&7], h&7*8
		if now := *at >> shift & doorMax; now < to {
			*at += (to - now) << shift
		}
		h >>= 6
	}
	return uint32(to), least == 0
}

func (d *doorkeeper) write(c *coder) {
	c.u32(d.minute)
	for i := range d.panes {
		p := &d.panes[i]
		c.u32(p.filled)
		c.u32(uint32(len(p.filters)))
		for _, f := range p.filters {
			c.u32(uint32(len(f)))
			c.sparse64(f)
		}
	}
}

const maxDoorFilters = 3 // 256 kB, 1 MB, 4 MB

func (d *doorkeeper) read(in *decoder) {
	d.minute = in.u32()
	for i := range d.panes {
		p := &d.panes[i]
		p.filled = in.u32()
		for range in.count(maxDoorFilters) {
			words := in.count(doorLargest)
			if words < doorFirst || words&(words-1) != 0 {
				in.fail(errBound)
				return
			}
			f := make([]uint64, words)
			in.sparse64(f)
			p.filters = append(p.filters, f)
		}
	}
	if in.err == nil && len(d.panes[0].filters) == 0 {
		in.fail(errBound)
	}
}
