package window

import "github.com/fedwarden/fedwarden/pipeline"

// A Pressure says what a table that is full had to give up in the last ten to twenty minutes.
type Pressure struct {
	Table   Table
	Lost    uint32 // keys replaced although they had been seen within the hour
	Floor   uint32 // no key with as many events, halved by the hour, was among them
	Refused uint32 // newcomers without a place, for all others were shielded or pinned
	Blind   bool   // more new names come than the doorkeeper tells apart
}

// A bound counts what a table gives up, in two panes of ten minutes.
type bound struct {
	evictions uint64
	collapsed uint64 // newcomers that count for their parent only
	pane      uint32
	lost      [2]uint32
	floor     [2]uint32
	refused   [2]uint32
}

const (
	boundPane = 600  // seconds
	fresh     = 3600 // seconds since a key was seen in which its loss matters
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
	b.turn(second)
	if second-r[recLast] < fresh {
		b.lost[0]++
		b.floor[0] = max(b.floor[0], 1<<r.class(epoch))
	}
}

func (b *bound) refuse(second uint32) {
	b.turn(second)
	b.refused[0]++
}

// Pressures returns what the tables of the Space gave up lately; none if nothing was.
func (s *Space) Pressures(now pipeline.Time) []Pressure {
	var list []Pressure
	for i, t := range s.tables {
		if t == nil || t.bound.pane+2 <= uint32(now/pipeline.Second)/boundPane {
			continue
		}
		b := &t.bound
		p := Pressure{Table: Table(i), Lost: b.lost[0] + b.lost[1], Floor: max(b.floor[0], b.floor[1]),
			Refused: b.refused[0] + b.refused[1], Blind: t.door != nil && (t.door.panes[0].full() || t.door.panes[1].full())}
		if p.Lost != 0 || p.Refused != 0 {
			list = append(list, p)
		}
	}
	return list
}

func (b *bound) words() []*uint32 {
	return []*uint32{&b.pane, &b.lost[0], &b.lost[1], &b.floor[0], &b.floor[1], &b.refused[0], &b.refused[1]}
}
