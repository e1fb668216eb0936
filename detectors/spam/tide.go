package spam

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A tide is one count of sites, held against the days before. What a fresh state sees in its first days is new to it
// because of that, and would be the yardstick for weeks: a second series begins when they are over, and takes the
// first one's place a day later.
type tide struct {
	floors []window.Floor
	began  pipeline.Time
	series *window.Series
	next   *window.Series // nil before its time, and after
}

const freshFor = 72 * time.Hour

func newTide(floors []window.Floor) tide {
	return tide{floors: floors, series: window.NewSeries(floors)}
}

// add counts n sites; none is a second in which there was none.
func (t *tide) add(now pipeline.Time, n uint32) {
	if t.began == 0 {
		t.began = now
	}
	if t.next == nil && t.began > 0 && now.Sub(t.began) >= freshFor {
		t.next = window.NewSeries(t.floors)
	}
	t.series.Add(now, n)
	if t.next == nil {
		return
	}
	if t.next.Add(now, n); !t.next.Learning(now) {
		t.series, t.next, t.began = t.next, nil, settled
	}
}

// rises reports whether a window that is over is still filling: the last ten minutes hold half of their share of what made
// it so. What has ebbed is not told again by each longer window that it has filled.
func rises(s *window.Series, x window.Excess, now pipeline.Time) bool {
	share := x.Threshold * float64(window.S10m.Seconds()) / float64(x.Scale.Seconds())
	return float64(s.Sum(window.S10m, now)) >= share/2
}

// settled is in the place of the beginning of a tide that has got over it.
const settled = -1

func (t *tide) write(w io.Writer) error {
	head := [2]int64{int64(t.began)}
	if t.next != nil {
		head[1] = 1
	}
	if err := binary.Write(w, binary.LittleEndian, head); err != nil {
		return err
	}
	if err := t.series.Snapshot(w); err != nil || t.next == nil {
		return err
	}
	return t.next.Snapshot(w)
}

func (t *tide) read(r io.Reader) error {
	*t = newTide(t.floors)
	var head [2]int64
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return err
	}
	t.began = pipeline.Time(head[0])
	if err := t.series.Restore(r); err != nil || head[1] == 0 {
		return err
	}
	t.next = window.NewSeries(t.floors)
	return t.next.Restore(r)
}
