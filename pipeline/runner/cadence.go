package runner

import (
	"math"
	"time"
)

const (
	minApart   = time.Second // between the end of one save and the beginning of the next
	apartTimes = 10          // times the last save's duration
	never      = time.Duration(math.MaxInt64)
)

// A cadence says when to save.
type cadence struct {
	every    time.Duration
	last     time.Time // beginning of the last save, or of the run
	earliest time.Time // of the next save
	asked    bool      // a transition waits
	touched  bool      // something has changed since the last save
}

// touch notes that there is something to save, in its time.
func (c *cadence) touch() { c.touched = true }

// ask wants a save at once.
func (c *cadence) ask() { c.touched, c.asked = true, true }

// next returns when to save; false is never.
func (c *cadence) next() (time.Time, bool) {
	at := c.last.Add(c.every)
	if c.asked || at.Before(c.earliest) {
		at = c.earliest
	}
	return at, c.touched
}

func (c *cadence) due(now time.Time) bool {
	at, ok := c.next()
	return ok && !now.Before(at)
}

// wait returns how long it is until the next save.
func (c *cadence) wait(now time.Time) time.Duration {
	at, ok := c.next()
	if !ok {
		return never
	}
	return at.Sub(now)
}

// saved notes that a save was tried.
func (c *cadence) saved(start, end time.Time, ok bool) {
	c.last = start
	c.earliest = end.Add(max(minApart, apartTimes*end.Sub(start)))
	if ok {
		c.asked, c.touched = false, false
	}
}
