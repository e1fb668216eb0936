package source

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// look asks the daemon for the newest message, if it is time: what is claimed is that this was read, as of
// before the question.
func (s *SocketLog) look(ctx context.Context) {
	now := s.cfg.Now()
	if !s.asked.IsZero() {
		s.behind(ctx, now)
		return
	}
	if now.Before(s.next) {
		return
	}
	s.next = now.Add(s.pace())
	newest, there, err := s.newest(ctx)
	if err != nil {
		s.fail(ctx, now, err)
		return
	}
	s.unknown = time.Time{}
	switch {
	case there && newest != s.last:
		s.target, s.asked = newest, now
		if s.ans == nil {
			s.retry = now // a container that was stopped has begun again
		}
	case !there && !s.way.arrived && s.ans != nil:
		s.skip()
		s.way.arrived = true
		s.due = pipeline.TimeOf(now)
	case !there || !newest.cut || s.ans == nil || now.Sub(s.heard) >= socketSettle: // pieces may be alike
		s.due = pipeline.TimeOf(now)
	}
}

// behind ends the log that is followed when the newest message that there was does not come.
func (s *SocketLog) behind(ctx context.Context, now time.Time) {
	if now.Sub(s.asked) < s.cfg.stall {
		return
	}
	if s.heard.After(s.asked) && s.place.stamp.Sub(s.target.stamp) > s.cfg.Lateness {
		s.asked = time.Time{} // it was passed unseen, or thrown away
		return
	}
	if s.ans == nil || now.Sub(s.heard) >= s.cfg.stall {
		s.asked = time.Time{}
		s.died(ctx, fmt.Errorf("docker: the log of %s stands still before its end", s.id[:min(len(s.id), shortID)]))
	}
}

// newest returns the newest message of the log, wherever it stands.
func (s *SocketLog) newest(ctx context.Context) (id messageID, there bool, err error) {
	if err := s.inspect(ctx); err != nil {
		return id, false, err
	}
	since := s.last.stamp // spares the daemon from unpacking what is older
	if since == 0 {
		since = max(s.place.stamp, pipeline.TimeOf(s.cfg.Begin))
	}
	id, there, err = s.tail(ctx, since)
	if err == nil && !there && s.place.stamp != 0 { // it is older than what was read last, or the log is empty
		id, there, err = s.tail(ctx, 0)
	}
	return id, there, err
}

func (s *SocketLog) tail(ctx context.Context, since pipeline.Time) (id messageID, there bool, err error) {
	ans, err := s.api.logs(ctx, s.id, since, "tail", "1")
	if err != nil {
		return id, false, err
	}
	defer ans.close()
	r := newMessageReader(ans.resp.Body, s.tty, &s.pool, s.cfg.MaxLine)
	defer r.close()
	for {
		m, err := r.next()
		if err == io.EOF {
			return id, there, nil
		}
		if err != nil {
			return id, false, fmt.Errorf("docker %s: %w", s.api, err)
		}
		id, there = m.id(s.seed), true
	}
}

// inspect learns once whether the log is a terminal's.
func (s *SocketLog) inspect(ctx context.Context) (err error) {
	if !s.inspected {
		s.tty, err = s.api.hasTTY(ctx, s.id)
		s.inspected = err == nil
	}
	return err
}

func (s *SocketLog) pace() time.Duration {
	if s.urgently.Load() {
		return urgent
	}
	return claimPace
}

// claim returns what is due to be said of the stream.
func (s *SocketLog) claim() (pipeline.Batch, bool) {
	now := s.cfg.Now()
	switch {
	case s.due != 0:
		b := pipeline.Batch{CaughtUp: s.due}
		s.due = 0
		s.restored()
		return s.sign(b), true
	case !s.unknown.IsZero() && now.Sub(s.unknown) >= s.cfg.EndAfter && (s.ans == nil || now.Sub(s.heard) >= time.Second):
		return s.end(), true
	case s.trouble != nil && !s.told && now.Sub(s.troubled) >= s.cfg.LostAfter:
		s.told = true
		return pipeline.Batch{Stream: s.name, Lost: true, Reason: s.trouble.Error()}, true
	}
	return pipeline.Batch{}, false
}

// end ends the stream: its container is gone, and its log with it.
func (s *SocketLog) end() pipeline.Batch {
	if !s.asked.IsZero() || s.place.stamp != 0 && !s.way.arrived {
		s.lose("the container was removed before all of its log was read: how many lines are lost is unknown")
	}
	s.hangUp()
	s.ended = true
	s.over.Store(true)
	return s.sign(pipeline.Batch{Ended: true})
}

// fail notes that the log can't be read. What ends because the reader stops is no failure.
func (s *SocketLog) fail(ctx context.Context, now time.Time, err error) {
	if ctx.Err() != nil || s.closed.Err() != nil {
		return
	}
	if isGone(err) {
		if s.unknown.IsZero() {
			s.unknown = now
		}
		return
	}
	if s.trouble == nil {
		s.troubled = now
	}
	if s.trouble == nil || s.trouble.Error() != err.Error() {
		s.cfg.Log.Warn("container's log can't be read", "stream", s.name, "err", err)
	}
	s.trouble, s.unknown = err, time.Time{}
}

func (s *SocketLog) restored() {
	if s.trouble != nil {
		s.cfg.Log.Info("container's log can be read", "stream", s.name)
	}
	s.trouble, s.told = nil, false
}

// died notes that the log that was followed has ended. Its end alone says nothing: a container has stopped, or the
// daemon, and what is left of it the newest message will tell.
func (s *SocketLog) died(ctx context.Context, err error) {
	s.hangUp()
	s.restarts.Add(1)
	s.retry = s.cfg.Now().Add(max(s.pauses, socketTick))
	if err != io.EOF {
		s.fail(ctx, s.cfg.Now(), err)
	}
}

// skip notes that the place to go on from is gone. Lines behind it may have been applied, so that their numbers
// must not be given again.
func (s *SocketLog) skip() {
	s.lose("the place to go on from is gone from the container's log: lines since then are lost, how many is unknown")
	s.asm.restore(s.asm.seq+seqGap, "")
}

func (s *SocketLog) lose(why string) {
	s.lost, s.reason = s.lost+1, why
	s.cfg.Log.Warn("lines may be lost", "stream", s.name, "reason", why)
}

// sign says whose batch b is, where it ends and what was lost before it.
func (s *SocketLog) sign(b pipeline.Batch) pipeline.Batch {
	b.Stream = s.name
	b.Cursor = place{Seq: s.asm.seq, Parser: []byte(s.asm.state()), At: s.place.String()}.cursor()
	b.LostLines += s.lost
	b.Reason += s.reason
	s.lost, s.reason = 0, ""
	return b
}
