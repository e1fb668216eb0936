package window

import "github.com/fedwarden/fedwarden/pipeline"

// A Pressure says what a table, or the pool of distinct counts, that is full had to give up in the last ten to twenty
// minutes.
type Pressure struct {
	What    string // whose table it is, as people say it: "sites", "addresses"
	Lost    uint32 // keys replaced although they had been seen within the hour
	Floor   uint32 // no key with as many events, halved by the hour, was among them
	Refused uint32 // newcomers without a place, for all others were shielded or pinned
	Blind   bool   // more new names come than the doorkeeper tells apart
}

// A bound counts what a table gives up, in two panes of ten minutes.
type bound struct {
	evictions uint64
	pane      uint32
	lost      [2]uint32
	floor     [2]uint32
	refused   [2]uint32
}

const (
	boundPane = 600  // seconds
	recent    = 3600 // seconds since a key was seen in which its loss matters
)

func (b *bound) turn(second uint32) {
	pane := second / boundPane
	if pane == b.pane {
		return
	}
	b.lost[1], b.floor[1], b.refused[1] = 0, 0, 0
	if pane == b.pane+1 {
		b.lost[1], b.floor[1], b.refused[1] = b.lost[0], b.floor[0], b.refused[0]
	}
	b.lost[0], b.floor[0], b.refused[0] = 0, 0, 0
	b.pane = pane
}

// lose notes that the key of r is given up.
func (b *bound) lose(r record, epoch, second uint32) {
	if second-r[recLast] < recent {
		b.giveUp(second, 1<<r.class(epoch))
	}
}

// giveUp notes that something is given up which is less than floor.
func (b *bound) giveUp(second, floor uint32) {
	b.turn(second)
	b.lost[0]++
	b.floor[0] = max(b.floor[0], floor)
}

func (b *bound) refuse(second uint32) {
	b.turn(second)
	b.refused[0]++
}

// at returns the bound as of now: without what was given up in panes gone by.
func (b bound) at(now pipeline.Time) bound {
	b.turn(uint32(now / pipeline.Second))
	return b
}

// pressed reports whether anything was given up in the two panes.
func (b bound) pressed() bool { return b.lost != [2]uint32{} || b.refused != [2]uint32{} }

// Pressed reports whether Pressures has anything to tell.
func (s *Space) Pressed(now pipeline.Time) bool { return len(s.Pressures(now)) > 0 }

// Pressures returns what the Space gave up lately; none if nothing was.
func (s *Space) Pressures(now pipeline.Time) []Pressure {
	var list []Pressure
	for i, t := range s.tables {
		if t == nil {
			continue
		}
		b := t.bound.at(now)
		if !b.pressed() {
			continue
		}
		p := b.pressure(Table(i).String())
		p.Blind = t.door != nil && (t.door.panes[0].full() || t.door.panes[1].full())
		list = append(list, p)
	}
	if len(s.distincts) > 0 {
		if b := s.sharedPool().bound.at(now); b.pressed() {
			list = append(list, b.pressure("distinct counts"))
		}
	}
	return list
}

func (b *bound) pressure(what string) Pressure {
	return Pressure{What: what, Lost: b.lost[0] + b.lost[1], Floor: max(b.floor[0], b.floor[1]), Refused: b.refused[0] + b.refused[1]}
}

func (b *bound) words() []*uint32 {
	return []*uint32{&b.pane, &b.lost[0], &b.lost[1], &b.floor[0], &b.floor[1], &b.refused[0], &b.refused[1]}
}
