package benign

import (
	"errors"
	"io"
	"math"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

const (
	minOutage    = 2 * time.Minute
	minHour      = 360 // requests in an hour: one in ten seconds is usual
	minErrors    = 6   // a minute
	shortest     = 10 * time.Minute
	longest      = 12 * time.Hour
	tail         = 0.65 // of an outage beyond an hour
	growthAt10m  = 2.0  // times the usual load, after ten minutes of outage
	growthPower  = 0.257
	growthLeeway = 1.5
)

// outages know when our own server was down, by what Totals tell of all requests: none where there usually are some, or
// most of them answered 502, 503 or 504.
type outages struct {
	requests *window.Counter
	now      sight
}

// A sight is what outages know beside the count of requests.
type sight struct {
	Last             pipeline.Time // when there was a request
	Minute           pipeline.Time // the current one's start
	Requests, Errors uint32        // in it
	Down             pipeline.Time // since when most are errors; zero for not
	From             pipeline.Time // when the last outage began
	Length           time.Duration
	Until            pipeline.Time // when what comes after it is over
}

func newOutages() outages {
	return outages{requests: window.NewCounter(window.Of(window.S1h))}
}

// observe takes a signal of Totals.
func (o *outages) observe(e *pipeline.Event) {
	switch e.Signal.Name {
	case window.TotalDynamic:
		if o.isSilent(e.Time) {
			from := o.now.Last
			if o.now.Down != 0 {
				from = o.now.Down
			}
			o.end(from, e.Time)
		}
		o.turn(e.Time)
		n := uint32(min(e.Signal.Count, math.MaxUint32/2))
		o.requests.Add(e.Time, n)
		o.now.Requests += n
		o.now.Last = e.Time
	case window.TotalErrors:
		o.now.Errors += uint32(min(e.Signal.Count, math.MaxUint32/2))
	}
}

// isSilent reports whether there was no request for so long up to now that it is an outage.
func (o *outages) isSilent(now pipeline.Time) bool {
	return o.now.Last != 0 && now.Sub(o.now.Last) >= minOutage && o.requests.Sum(window.S1h, o.now.Last) >= minHour
}

// turn judges the current minute when it is over.
func (o *outages) turn(now pipeline.Time) {
	s := &o.now
	minute := now - now%minutes(1)
	if minute == s.Minute {
		return
	}
	bad := s.Errors >= minErrors && s.Errors*2 >= s.Requests
	switch {
	case bad && s.Down == 0:
		s.Down = s.Minute
	case !bad && s.Down != 0:
		if s.Minute.Sub(s.Down) >= minOutage {
			o.end(s.Down, s.Minute)
		}
		s.Down = 0
	}
	s.Minute, s.Requests, s.Errors = minute, 0, 0
}

// end notes an outage, which may come while another one is being recovered from.
func (o *outages) end(from, to pipeline.Time) {
	s := &o.now
	length := to.Sub(from)
	if from < s.Until {
		from, length = s.From, max(length, s.Length)
	}
	s.From, s.Length, s.Down = from, length, 0
	s.Until = max(s.Until, to.Add(recoveryOf(length)))
}

// isDown reports whether the outage is still on, and requests come: senders try again and again.
func (o *outages) isDown(now pipeline.Time) bool {
	return o.now.Down != 0 && now.Sub(o.now.Down) >= minOutage
}

// at returns since when we were down, and how long, if now lies in an outage or in what comes after it.
func (o *outages) at(now pipeline.Time) (from pipeline.Time, length time.Duration, ok bool) {
	switch s := &o.now; {
	case o.isSilent(now):
		return s.Last, now.Sub(s.Last), true
	case o.isDown(now):
		return s.Down, now.Sub(s.Down), true
	default:
		return s.From, s.Length, now < s.Until
	}
}

// recoveryOf returns how long senders come again with what they could not deliver, by Mastodon's backoff.
func recoveryOf(length time.Duration) time.Duration {
	if length <= time.Hour {
		return max(shortest, length)
	}
	return min(longest, max(time.Hour, time.Duration(tail*float64(length))))
}

// growth returns how many times the usual load comes after an outage, at most: twice after ten minutes, three times
// after one hour, six times after twelve, and half as much again.
func growth(length time.Duration) float64 {
	return growthLeeway * growthAt10m * math.Pow(length.Minutes()/10, growthPower)
}

func (o *outages) write(w io.Writer) error {
	return errors.Join(put(w, &o.now), o.requests.Snapshot(w))
}

func (o *outages) read(r io.Reader) error {
	*o = newOutages()
	if err := errors.Join(get(r, &o.now), o.requests.Restore(r)); err != nil {
		*o = newOutages()
		return err
	}
	return nil
}
