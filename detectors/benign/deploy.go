package benign

import (
	"io"
	"math/bits"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	deployLasts = 15 * time.Minute
	deployApart = time.Hour        // between two deploys: what starts anew more often is no deploy
	freshFor    = 3 * time.Minute  // a thread is new
	settled     = 15 * time.Minute // known of Sidekiq before anything is said
	minStarts   = 10               // jobs in a minute
	threadSets  = 256              // of four
)

// deploys know when most of Sidekiq's threads are new ones, by process and thread of the jobs that start.
type deploys struct {
	site    *window.Space // for its hash
	now     pace
	threads []thread // in sets of four, by hash
}

// A thread of Sidekiq's.
type thread struct {
	Key         uint64
	First, Last pipeline.Time
}

// A pace is how many jobs started in the current minute, and by new threads.
type pace struct {
	Since        pipeline.Time // the first job ever
	Minute       pipeline.Time
	Starts, Anew uint32
	From, Last   pipeline.Time // minutes with a restart: the first of those that followed each other, and the last
}

func newDeploys(site *window.Space) deploys {
	return deploys{site: site, threads: make([]thread, 4*threadSets)}
}

func (d *deploys) observe(e *pipeline.Event) {
	if e.JobState != pipeline.JobStart || e.TID == "" {
		return
	}
	p := &d.now
	if p.Since == 0 {
		p.Since = e.Time
	}
	d.turn(e.Time)
	p.Starts++
	if e.Time.Sub(d.first(e)) < freshFor {
		p.Anew++
	}
}

// first returns when the thread of e was first seen: now, if it was not, in place of the one of its set that was seen
// longest ago.
func (d *deploys) first(e *pipeline.Event) pipeline.Time {
	key := d.site.Hash(e.TID) ^ bits.RotateLeft64(d.site.Hash(e.PID), 1)
	at := int(key % threadSets)
	set := d.threads[4*at : 4*at+4]
	oldest := &set[0]
	for i := range set {
		t := &set[i]
		if t.Key == key {
			t.Last = e.Time
			return t.First
		}
		if t.Last < oldest.Last {
			oldest = t
		}
	}
	*oldest = thread{key, e.Time, e.Time}
	return e.Time
}

// turn judges the minute when it is over.
func (d *deploys) turn(now pipeline.Time) {
	p := &d.now
	minute := now - now%minutes(1)
	if minute == p.Minute {
		return
	}
	if p.isAnew() {
		p.note(p.Minute)
	}
	p.Minute, p.Starts, p.Anew = minute, 0, 0
}

// isAnew reports whether most jobs of the minute were started by new threads.
func (p *pace) isAnew() bool {
	return p.Starts >= minStarts && 2*p.Anew >= p.Starts && p.Minute.Sub(p.Since) > settled
}

// note takes a minute with a restart down.
func (p *pace) note(minute pipeline.Time) {
	if minute.Sub(p.Last) > deployApart {
		p.From = minute
	}
	p.Last = minute
}

// isOn reports whether a deploy is on, and young enough to be one.
func (d *deploys) isOn(now pipeline.Time) bool {
	p := d.now
	if p.isAnew() {
		p.note(p.Minute)
	}
	return p.From != 0 && now.Sub(p.From) <= deployLasts
}

func (d *deploys) write(w io.Writer) error { return put(w, &d.now, d.threads) }

func (d *deploys) read(r io.Reader) error {
	if err := get(r, &d.now, d.threads); err != nil {
		*d = newDeploys(d.site)
		return err
	}
	return nil
}
