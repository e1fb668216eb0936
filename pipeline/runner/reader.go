package runner

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// lostAfter is how long a source may bring nothing but errors before its streams are claimed Lost.
const lostAfter = time.Minute

// An urgent source claims CaughtUp more often while others wait for it.
type urgent interface{ Urgent(bool) }

// A pressed source has streams that hold back others of the same source, so that not reading it would help nobody:
// while held events fill their share of memory it lets its quiet streams go on with its others.
type pressed interface{ Press(bool) }

// A feed is a Source and how the loop stands with it. All but source and credit are the loop's alone.
type feed struct {
	source  pipeline.Source
	credit  chan struct{}
	owed    int // credits that the reader does not have
	streams []pipeline.StreamID
	ended   bool
	urgent  bool
	pressed bool

	failing time.Time // since when there were only errors; zero: it is well
	err     string    // the last error, while failing
	lost    bool      // it was claimed
}

// An arrival is what one Read returned.
type arrival struct {
	feed  *feed
	batch pipeline.Batch
	err   error
}

func (r *Runner) addFeed(s pipeline.Source) {
	f := &feed{source: s, credit: make(chan struct{}, credits), owed: credits}
	r.feeds = append(r.feeds, f)
	r.knowAll(f)
}

// knowAll remembers the streams that f's source knows.
func (r *Runner) knowAll(f *feed) {
	for _, id := range f.source.Streams() {
		r.know(f, id)
	}
}

// start lets f be read.
func (r *Runner) start(ctx context.Context, f *feed) {
	r.readers.Go(func() { r.read(ctx, f) })
	r.grant(f)
}

// find takes a source that came later. What is known of its streams is where it goes on.
func (r *Runner) find(ctx context.Context, s pipeline.Source) {
	r.addFeed(s)
	f := r.feeds[len(r.feeds)-1]
	if err := r.seek(r.engine.Marks(), f); err != nil {
		r.log.Error("input found, but it can't be read", "stream", f.name(), "err", err)
		r.drop(f)
		return
	}
	for _, id := range f.streams {
		r.engine.Resume(id)
	}
	r.log.Info("input found", "stream", f.name())
	r.start(ctx, f)
}

// drop forgets a feed that has ended.
func (r *Runner) drop(f *feed) {
	f.ended = true
	if err := f.source.Close(); err != nil {
		r.log.Warn("close", "stream", f.name(), "err", err)
	}
	for _, id := range f.streams {
		if r.byStream[id] == f {
			delete(r.byStream, id)
		}
		r.cfg.Metrics.forget(id)
	}
	r.feeds = slices.DeleteFunc(r.feeds, func(o *feed) bool { return o == f })
}

// know remembers whose stream it is.
func (r *Runner) know(f *feed, id pipeline.StreamID) {
	if r.byStream[id] == f {
		return
	}
	r.byStream[id] = f
	f.streams = append(f.streams, id)
}

// unknow forgets a stream that a source has ended and knows again by name, so that those which come and go for ever
// are not kept.
func (r *Runner) unknow(f *feed, id pipeline.StreamID) {
	if _, ok := f.source.(owner); !ok {
		return
	}
	delete(r.byStream, id)
	f.streams = slices.DeleteFunc(f.streams, func(o pipeline.StreamID) bool { return o == id })
}

// read is the goroutine of one source: for each credit one Read.
func (r *Runner) read(ctx context.Context, f *feed) {
	failures := 0
	for {
		select {
		case <-f.credit:
		case <-ctx.Done():
			return
		}
		b, err := f.source.Read(ctx)
		if err != nil && ctx.Err() != nil {
			return
		}
		if !r.bring(ctx, arrival{f, b, err}) {
			return
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			failures = 0
			continue
		}
		failures++
		if !pause(ctx, backoff(failures, time.Second, 15*time.Second)) {
			return
		}
	}
}

// bring hands a over to the loop; it reports false if ctx ended: what was read is read again.
func (r *Runner) bring(ctx context.Context, a arrival) bool {
	select {
	case r.arrivals <- a:
		return true
	case <-ctx.Done():
		if a.batch.Release != nil {
			a.batch.Release()
		}
		return false
	}
}

// pause waits; it reports false if ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// live reports whether any source has more to bring.
func (r *Runner) live() bool {
	return r.cfg.Found != nil || slices.ContainsFunc(r.feeds, func(f *feed) bool { return !f.ended })
}

// grant gives a reader the credits it is owed, if it may read on.
func (r *Runner) grant(f *feed) {
	if f.owed == 0 || f.ended || len(r.transitions) >= maxUnsaved || r.ahead(f) {
		return
	}
	for ; f.owed > 0; f.owed-- {
		f.credit <- struct{}{}
	}
}

// ahead reports whether a stream of f is. Others of the same source may have nothing that is held, as those that are
// quiet or have ended: that is no reason to read on. But one that holds back others must be read on, even if another
// stream of the same source is ahead, or if it holds something itself, as a stream without a first stamp does.
func (r *Runner) ahead(f *feed) bool {
	if !slices.ContainsFunc(f.streams, r.engine.Ahead) {
		return false
	}
	return !slices.ContainsFunc(r.engine.Behind(), func(id pipeline.StreamID) bool { return r.byStream[id] == f })
}

// hurry tells the sources whose streams hold back events that it is urgent, and the others that it is not.
func (r *Runner) hurry() {
	waited := map[*feed]bool{}
	if r.engine.Stats().Held > 0 {
		for _, id := range r.engine.Behind() {
			waited[r.byStream[id]] = true
		}
	}
	for _, f := range r.feeds {
		if u, ok := f.source.(urgent); ok && f.urgent != waited[f] {
			f.urgent = waited[f]
			u.Urgent(f.urgent)
		}
		press := waited[f] && r.engine.Full()
		if p, ok := f.source.(pressed); ok && f.pressed != press {
			f.pressed = press
			p.Press(press)
		}
	}
}

// end takes io.EOF: what the source did not say itself is said for it.
func (r *Runner) end(f *feed) {
	f.ended = true
	for _, id := range f.streams {
		r.process(f, &pipeline.Batch{Stream: id, Ended: true})
	}
	r.log.Info("input ended", "stream", f.name())
	if r.cfg.Found != nil {
		r.drop(f) // it may be found again
	}
}

// fail takes any other error of Read.
func (r *Runner) fail(f *feed, err error) {
	now := r.now()
	r.cfg.Metrics.sourceError(f.name())
	if f.failing.IsZero() {
		f.failing = now
	}
	if text := err.Error(); text != f.err {
		f.err = text
		r.log.Warn("read", "stream", f.name(), "err", err)
	}
	if f.lost || now.Sub(f.failing) < lostAfter {
		return
	}
	f.lost = true
	r.log.Error("input is lost", "stream", f.name(), "err", err)
	for _, id := range f.streams {
		r.process(f, &pipeline.Batch{Stream: id, Lost: true, Reason: f.err})
	}
}

// recovered notes that f brings batches.
func (f *feed) recovered(r *Runner) {
	if f.failing.IsZero() {
		return
	}
	r.log.Info("reading again", "stream", f.name())
	f.failing, f.err, f.lost = time.Time{}, "", false
}

// name names f in the log and as a metric: by its first stream, which is a carrier's own if there are more.
func (f *feed) name() string {
	if len(f.streams) == 0 {
		return "unknown"
	}
	return string(f.streams[0])
}
