package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	journalTick  = 100 * time.Millisecond // between two looks whether to stop
	journalRetry = 15 * time.Second       // between two starts of journalctl, at most
	lookTime     = 20 * time.Second       // that a look at the newest entry may take
)

// start starts journalctl behind the last entry that was read, if it is time to.
func (j *Journald) start(ctx context.Context) bool {
	now := j.cfg.Now()
	if now.Before(j.retry) {
		return false
	}
	if !j.begun && !j.begin(ctx, now) {
		return false
	}
	if !j.look(ctx) {
		return false
	}
	args := []string{"--follow", "--lines=all", "--output-fields=" + entryFields}
	if j.place != "" {
		// Not --after-cursor: when the entry is gone, that skips the first one which is left.
		args = append(args, "--cursor="+j.place)
	} else {
		args = append(args, "--since=@"+strconv.FormatInt(j.since, 10))
	}
	c, err := startChild(j.cfg.Program, j.arguments(args...))
	if err != nil {
		j.fail(j.cfg.Now(), mend(err))
		return false
	}
	j.pid.Store(int64(c.cmd.Process.Pid))
	j.child, j.reader = c, exportReader{names: j.reader.names}
	j.resumed = j.place != ""
	j.heard = j.cfg.Now()
	return true
}

// begin finds out where reading begins: where an earlier run was, or some time ago, or behind the newest entry.
func (j *Journald) begin(ctx context.Context, now time.Time) bool {
	var known bool
	j.place, known = j.demux.Start()
	if _, ok := readJournalPlace(j.place); known && !ok {
		j.lose("the place to go on from is no journal's: lines since then may be lost")
		j.demux.Skip()
		j.place, known = "", false
	}
	if known {
		j.demux.Begin(j.place)
	} else {
		j.since = now.Add(-j.cfg.History).Unix()
		j.history = j.cfg.History > 0
		if j.history {
			j.progress()
		} else if !j.skipPast(ctx) {
			return false
		}
	}
	j.begun = true
	return true
}

// skipPast begins behind the newest entry there is.
func (j *Journald) skipPast(ctx context.Context) bool {
	if !j.look(ctx) {
		return false
	}
	if j.target != "" {
		j.place = j.target
		j.demux.Begin(j.place)
	}
	return true
}

// look asks which entry is the newest. What is claimed later is that everything up to this moment was read.
func (j *Journald) look(ctx context.Context) bool {
	asked := j.cfg.Now()
	newest, err := j.newest(ctx)
	if j.stopped(ctx) != nil {
		return false
	}
	if err != nil {
		j.fail(j.cfg.Now(), err)
		return false
	}
	j.target, j.asked = newest, asked
	j.passed = newest == "" || j.place != "" && compareJournal(newest, j.place) <= 0 || newest == j.doubted
	j.check = asked.Add(j.cfg.Check)
	return true
}

// newest returns the cursor of the newest entry, empty without one.
func (j *Journald) newest(ctx context.Context) (string, error) {
	c, err := startChild(j.cfg.Program, j.arguments("--lines=1", "--output-fields=_BOOT_ID"))
	if err != nil {
		return "", mend(err)
	}
	var r exportReader
	var newest string
	for deadline := time.Now().Add(lookTime); ; {
		n, err := c.read(r.room(), journalTick)
		r.took(n)
		for e, ok := r.next(); ok; e, ok = r.next() {
			newest = e.cursor
		}
		c.hear()
		switch {
		case idle(err) && time.Now().Before(deadline) && j.stopped(ctx) == nil:
			continue
		case idle(err):
			c.stop()
			return "", fmt.Errorf("journalctl does not answer")
		case err == nil:
			continue
		case err != io.EOF:
			c.stop()
			return "", fmt.Errorf("read journalctl: %w", err)
		}
		c.await()
		ended := c.stop()
		if err := forbidden(c.said); err != nil {
			return "", err
		}
		if ended != nil && newest == "" && len(c.said) > 0 {
			return "", broken(c.why(ended))
		}
		return newest, nil
	}
}

// mend says what to do about a journalctl that can't be started.
func mend(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: the journal is read through it: apt-get install systemd, or take the journal out of the inputs", err)
	}
	return err
}

// broken says what to do about a journalctl that fails.
func broken(why string) error {
	return fmt.Errorf("journalctl: %s: see what `journalctl -n 1` says to fedwarden's user", why)
}

// forbidden returns what to do when journalctl says that it may not read everything.
func forbidden(said []byte) error {
	for _, sign := range []string{"insufficient permissions", "not seeing messages from other users", "Permission denied"} {
		if strings.Contains(string(said), sign) {
			return errors.New("journalctl may not read the system's journal: put fedwarden's user into the group that may " +
				"(usermod -aG systemd-journal USER; in a unit: SupplementaryGroups=systemd-journal)")
		}
	}
	return nil
}

// fail ends the child and lets some time pass before the next one.
func (j *Journald) fail(now time.Time, err error) {
	j.end()
	if j.trouble == nil {
		j.troubled = now
	}
	if j.trouble == nil || j.trouble.Error() != err.Error() {
		j.cfg.Log.Warn("journal can't be read", "stream", j.cfg.Name, "err", err)
	}
	j.trouble = err
	wait := journalTick << min(j.failures, 10)
	j.failures++
	wait = min(wait, journalRetry)
	j.retry = now.Add(wait + time.Duration(rand.Int64N(int64(wait)/4+1)))
}

// loseAll claims every stream lost when there has been nothing to read for long.
func (j *Journald) loseAll(now time.Time) {
	if j.trouble == nil || j.told || now.Sub(j.troubled) < j.cfg.LostAfter {
		return
	}
	j.told = true
	j.demux.Flush()
	for _, m := range j.demux.order {
		if m.opened && !m.ended {
			j.losses = append(j.losses, pipeline.Batch{Stream: m.id, Lost: true, Reason: j.trouble.Error()})
		}
	}
}

// restored notes that the journal can be read.
func (j *Journald) restored() {
	if j.trouble != nil {
		j.cfg.Log.Info("journal can be read", "stream", j.cfg.Name)
	}
	j.trouble, j.told, j.failures = nil, false, 0
}

// pause waits until it is time to try again, for a moment at most.
func (j *Journald) pause(ctx context.Context) {
	now := j.cfg.Now()
	j.loseAll(now)
	timer := time.NewTimer(min(max(j.retry.Sub(now), time.Millisecond), journalTick))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-j.closed:
	}
}
