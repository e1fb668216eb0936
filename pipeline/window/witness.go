package window

import (
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Witness decides which log's line counts, so that a request that stands in two logs is counted once.
// It is a pipeline.Detector, registered before the Spaces.
//
// Address, endpoint, byte, status and login counters take nginx where it is read, else Rails. Domain and
// actor counters take Rails while its accepted deliveries of the last full minute were at least 90 % of
// nginx's and no Rails stream is lost, else nginx; this is decided when a minute ends, never per event.
// A minute without accepted deliveries changes nothing.
type Witness struct {
	streams []witnessStream // sorted by name
	at      int             // of the stream asked for last
	minute  pipeline.Time   // start of the current minute; zero while nothing was accepted in it
	nginx   uint64          // accepted deliveries of the current minute
	rails   uint64
	byRails bool // who the witness of domain counters is
	decided bool // it was decided once
	changes uint64
}

type witnessStream struct {
	id     pipeline.StreamID
	nginx  bool // it brought requests by nginx
	rails  bool
	absent bool // lost or ended
}

const (
	minuteTime   = pipeline.Time(time.Minute)
	railsPercent = 90
)

// NewWitness returns a Witness to which nginx is the witness until Rails proves complete.
func NewWitness() *Witness { return &Witness{} }

// ByRails reports whether Rails is the witness of domain and actor counters.
func (w *Witness) ByRails() bool { return w.byRails }

// Changes returns how often the witness of domain and actor counters has changed.
func (w *Witness) Changes() uint64 { return w.changes }

// Observe sets e.Counts.
func (w *Witness) Observe(e *pipeline.Event, _ pipeline.Report) {
	switch e.Kind {
	case pipeline.KindStream:
		w.observeStream(e)
	case pipeline.KindRequest, pipeline.KindThrottle:
		w.observeRequest(e)
	}
}

func (w *Witness) observeStream(e *pipeline.Event) {
	s := w.stream(e.Stream)
	switch e.Fact.State {
	case pipeline.StreamLost, pipeline.StreamEnded:
		s.absent = true
	case pipeline.StreamOpened, pipeline.StreamRejoined:
		s.absent = false
	}
	if s.absent && s.rails && w.byRails {
		w.set(false)
	}
}

func (w *Witness) observeRequest(e *pipeline.Event) {
	s := w.stream(e.Stream)
	e.Counts = 0
	accepted := isDelivery(e) && e.Status >= 200 && e.Status < 300
	if e.Format == pipeline.FormatNginx {
		s.nginx = true
		e.Counts = pipeline.CountsAddress
		if !w.byRails {
			e.Counts |= pipeline.CountsDomain
		}
		w.count(e, accepted, &w.nginx)
		return
	}
	s.rails = s.rails || e.Format == pipeline.FormatRails
	if !w.reads(true) {
		e.Counts = pipeline.CountsAddress
		if !w.byRails {
			w.set(true)
		}
	}
	if w.byRails {
		e.Counts |= pipeline.CountsDomain
	}
	w.count(e, accepted, &w.rails)
}

func (w *Witness) count(e *pipeline.Event, accepted bool, n *uint64) {
	if !accepted {
		return
	}
	if w.minute == 0 {
		w.minute = e.Time - e.Time%minuteTime
	}
	*n++
}

// Advance decides when a minute ends in which something was accepted.
func (w *Witness) Advance(now pipeline.Time, _ pipeline.Report) {
	if w.minute == 0 || now < w.minute+minuteTime {
		return
	}
	if w.reads(true) {
		complete := w.rails*100 >= w.nginx*railsPercent
		w.set(complete && w.reads(false))
	}
	w.minute, w.nginx, w.rails = 0, 0, 0
}

// Due returns the end of the current minute, if something was accepted in it.
func (w *Witness) Due(now pipeline.Time) pipeline.Time {
	if w.minute == 0 {
		return 0
	}
	return max(w.minute+minuteTime, now+pipeline.Second)
}

// set decides. The first decision is no change: nothing was counted by another witness for long.
func (w *Witness) set(byRails bool) {
	if w.decided && w.byRails != byRails {
		w.changes++
	}
	w.byRails, w.decided = byRails, true
}

// reads reports whether a stream that brought nginx's, or Rails', requests is there.
func (w *Witness) reads(nginx bool) bool {
	for i := range w.streams {
		s := &w.streams[i]
		if !s.absent && (nginx && s.nginx || !nginx && s.rails) {
			return true
		}
	}
	return false
}

func (w *Witness) stream(id pipeline.StreamID) *witnessStream {
	if w.at < len(w.streams) && w.streams[w.at].id == id {
		return &w.streams[w.at]
	}
	i := 0
	for ; i < len(w.streams) && w.streams[i].id <= id; i++ {
		if w.streams[i].id == id {
			w.at = i
			return &w.streams[i]
		}
	}
	w.streams = append(w.streams, witnessStream{})
	copy(w.streams[i+1:], w.streams[i:])
	w.streams[i] = witnessStream{id: pipeline.StreamID([]byte(id))}
	return &w.streams[i]
}

// Snapshot writes all that the Witness knows.
func (w *Witness) Snapshot(out io.Writer) error {
	c := coder{w: out}
	c.u64(uint64(w.minute))
	c.u64(w.nginx)
	c.u64(w.rails)
	c.bool(w.byRails)
	c.bool(w.decided)
	c.u64(w.changes)
	c.u32(uint32(len(w.streams)))
	for _, s := range w.streams {
		c.text(string(s.id))
		c.bool(s.nginx)
		c.bool(s.rails)
		c.bool(s.absent)
	}
	return c.err
}

// Restore reads what Snapshot wrote.
func (w *Witness) Restore(in io.Reader) error {
	d := decoder{r: in}
	v := Witness{minute: pipeline.Time(d.u64()), nginx: d.u64(), rails: d.u64(), byRails: d.bool(), decided: d.bool(), changes: d.u64()}
	for range d.count(1 << 16) {
		v.streams = append(v.streams, witnessStream{id: pipeline.StreamID(d.text()),
			nginx: d.bool(), rails: d.bool(), absent: d.bool()})
	}
	if d.err != nil {
		*w = Witness{}
		return d.err
	}
	*w = v
	return nil
}
