package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	journalLinger = 5 * time.Millisecond   // for more of a batch
	journalSettle = 250 * time.Millisecond // after so long without an entry, there was none so long ago
	journalStall  = 10 * time.Second       // a known entry that does not come for so long was overlooked
	burntNumbers  = 16                     // entries' numbers that may be missing with nothing lost: a rotation uses up some
)

// step reads what has come, waiting a moment for it.
func (j *Journald) step(ctx context.Context) {
	wait := journalTick
	if j.pending {
		wait = journalLinger
	}
	n, err := j.child.read(j.reader.room(), wait)
	now := j.cfg.Now()
	j.reader.took(n)
	if n > 0 {
		j.heard = now
		j.entries(now)
	}
	j.child.hear()
	switch forbids := forbidden(j.child.said); {
	case forbids != nil:
		j.fail(now, forbids)
	case err != nil && !idle(err):
		j.died(now, err)
	case n == 0 && j.pending:
		j.pending = false
		j.demux.Flush()
	default:
		j.claim(ctx, now)
	}
}

// died notes that the child has ended.
func (j *Journald) died(now time.Time, err error) {
	why := j.child.ended(err)
	j.child = nil
	j.stats.restarts.Add(1)
	j.demux.Flush()
	j.pending = false
	j.fail(now, broken(why))
}

// entries adds the entries that have come whole.
func (j *Journald) entries(now time.Time) {
	cut, had := j.reader.long, j.stats.entries.Load()
	for e, ok := j.reader.next(); ok; e, ok = j.reader.next() {
		if j.resumed {
			j.resumed = false
			if e.cursor == j.place {
				continue // where we were: it was read then
			}
			j.gone(&e)
		} else if n, known := missing(j.place, e.cursor); known && n > burntNumbers {
			j.lose(fmt.Sprintf("%d entries of the journal were removed before they were read", n))
		}
		j.add(&e, pipeline.TimeOf(now))
	}
	j.stats.long.Add(j.reader.long - cut)
	if j.trouble != nil && j.stats.entries.Load() > had {
		j.restored()
	}
}

// gone says that the entry behind which to go on is there no more, unless its neighbour is.
func (j *Journald) gone(e *journalEntry) {
	switch n, known := missing(j.place, e.cursor); {
	case known && n == 0:
	case known:
		j.lose(fmt.Sprintf("the place to go on from is gone from the journal: %d entries since then, of all units, are lost", n))
		j.demux.Skip()
	default:
		j.lose("the place to go on from is gone from the journal: entries since then are lost, how many is unknown")
		j.demux.Skip()
	}
}

// lose notes a loss. How many of the lines were ours is never known: one at least is said.
func (j *Journald) lose(why string) {
	j.stats.gaps.Add(1)
	j.cfg.Log.Warn("lines may be lost", "stream", j.cfg.Name, "reason", why)
	j.demux.Lose(1, why)
	j.pending = true
}

// add adds one entry. One that is not ours moves the place, too, so that it is not the first to be removed.
func (j *Journald) add(e *journalEntry, now pipeline.Time) {
	var over uint64
	j.records, over = j.filter.records(j.records[:0], e)
	if over > 0 {
		j.demux.Lose(over, fmt.Sprintf("a message of %s has more than %d lines", clean(e.unit), maxEntryLines))
	}
	j.at = min(e.at, now)
	j.demux.Add(e.cursor, j.at, j.records)
	j.place = e.cursor
	j.pending = j.pending || len(j.records) > 0 || over > 0
	for i := range j.records {
		j.stats.suppressed.Add(j.records[i].Suppressed)
	}
	j.stats.entries.Add(1)
	j.stats.lines.Add(uint64(len(j.records)))
	j.stats.place.Store(int64(e.at))
}

// claim claims that streams are caught up, when that is known and due.
func (j *Journald) claim(ctx context.Context, now time.Time) {
	if !j.passed && !j.reach(now) {
		return
	}
	quiet := now.Sub(j.heard)
	if now.Sub(j.claimed) >= j.pace() {
		t := j.at // the journal is in order: all that was there then has come
		if quiet >= journalSettle {
			t = max(t, pipeline.TimeOf(now.Add(-journalSettle)))
			j.restored()
			j.ready()
		}
		if t > 0 {
			j.claimed = now
			j.pending = false
			j.demux.Claim(t)
		}
	}
	if now.After(j.check) && quiet >= journalTick {
		j.look(ctx)
	}
}

func (j *Journald) pace() time.Duration {
	if j.urgently.Load() {
		return urgent
	}
	return claimPace
}

// reach reports whether the newest entry that was known has been read by now. If it does not come, the child is
// ended; if the next one does not tell it either, it is given up.
func (j *Journald) reach(now time.Time) bool {
	if j.place != "" && compareJournal(j.place, j.target) >= 0 {
		j.passed = true
		j.ready()
		j.claimed = now
		j.pending = false
		j.demux.Claim(pipeline.TimeOf(j.asked))
		return true
	}
	if j.history {
		j.progress()
		if !j.cfg.HistoryUntil.IsZero() && now.After(j.cfg.HistoryUntil) {
			j.leavePast()
			return false
		}
	}
	if now.Sub(j.heard) >= j.cfg.stall {
		j.doubted = j.target
		j.stats.restarts.Add(1)
		j.fail(now, errors.New("journalctl stands still before the end of the journal"))
	}
	return false
}

// progress says how far the past has been read.
func (j *Journald) progress() {
	s := fmt.Sprintf("%s: reading the journal's past since %s", j.cfg.Name, time.Unix(j.since, 0).UTC().Format(time.RFC3339))
	if j.at > 0 {
		s = fmt.Sprintf("%s, at %s", s, j.at.Std().Format(time.RFC3339))
	}
	j.notReady.Store(&s)
}

// leavePast goes on at the end, because reading the past has taken too long.
func (j *Journald) leavePast() {
	j.cfg.Log.Warn("reading the journal's past has taken too long; going on at its end", "stream", j.cfg.Name, "at", j.at.String())
	j.end()
	j.demux.Flush()
	j.place = j.target
	j.ready()
}

// ready notes that the past has been read.
func (j *Journald) ready() {
	if j.history {
		j.history = false
		j.notReady.Store(nil)
	}
}
