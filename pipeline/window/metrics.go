package window

import (
	"cmp"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Name names a metric: which events of a key are counted.
type Name uint8

// The metrics. An event belongs to a metric only if it is the witness of the metric's family.
const (
	Inbox        Name = iota // deliveries to an inbox that name a domain, whatever the answer
	NewActors                // deliveries by an actor never seen before at its site, save those that Rails says nobody has signed (Deletes of accounts unknown here) and those known to be too small for a post
	Dynamic                  // requests that cost the application, save deliveries by a proven name
	Signed                   // deliveries, for the ratio of those whose signature failed
	Unsigned                 // deliveries answered 401: no or no valid signature
	SignIns                  // sign-in attempts
	SignInFails              // sign-ins that failed
	SignInLimits             // sign-ins refused by a rate limit
	InboxKB                  // kilobytes, rounded up, that deliveries brought
	InboxMS                  // milliseconds, rounded up, that they took the application
	SentKB                   // kilobytes, rounded up, that an address was sent
	JobStarts                // jobs that began
	JobFails                 // jobs that failed, or were given up
	NewFollows               // deliveries to a local account's own inbox by an actor never seen before at its site, save those known to be large enough for a post
	NewSites                 // accepted deliveries that name a site never seen before
	numNames
)

// postBytes is what a post takes at the least, with its request's headers: a follow, a like or a Delete is smaller.
const postBytes = 2000

// newActor returns what a delivery by an actor never seen before counts as.
func newActor(e *pipeline.Event) nameSet {
	var set nameSet
	if e.RequestBytes == 0 || e.RequestBytes >= postBytes {
		set = NewActors.bit()
	}
	if e.RequestBytes < postBytes && e.Endpoint == pipeline.EndpointUserInbox {
		set |= NewFollows.bit()
	}
	return set
}

// weights are what an event adds to a metric that does not count events. A window's sum is right as long as
// it is below 2^32: four terabytes, and 49 days.
var weights = [numNames]func(*pipeline.Event) uint32{
	InboxKB: func(e *pipeline.Event) uint32 { return kilobytes(e.RequestBytes) },
	InboxMS: func(e *pipeline.Event) uint32 { return milliseconds(cmp.Or(e.Upstream, e.Duration)) },
	SentKB:  func(e *pipeline.Event) uint32 { return kilobytes(e.Bytes) },
}

// most bounds the weight of one event: what a hostile line claims is no reason to overflow.
const most = 1 << 24

func kilobytes(n int64) uint32 { return uint32((min(max(n, 0), most*1024) + 1023) / 1024) }

func milliseconds(d time.Duration) uint32 {
	return uint32((min(max(d, 0), most*time.Millisecond) + time.Millisecond - 1) / time.Millisecond)
}

type nameSet uint64

func (n Name) bit() nameSet { return 1 << n }

// classify returns the metrics that e belongs to by what it is; NewActors, NewFollows and NewSites are added by the
// Space, which alone knows who is new.
func classify(e *pipeline.Event) nameSet {
	switch e.Kind {
	case pipeline.KindRequest:
		return byDomain(e) | byAddress(e)
	case pipeline.KindJob:
		return byJob(e)
	case pipeline.KindThrottle:
		if e.Counts&pipeline.CountsAddress != 0 && e.Endpoint == pipeline.EndpointSignIn {
			return SignIns.bit() | SignInFails.bit() | SignInLimits.bit()
		}
	}
	return 0
}

func byDomain(e *pipeline.Event) nameSet {
	if e.Counts&pipeline.CountsDomain == 0 || !isDelivery(e) || e.Domain == "" {
		return 0
	}
	return Inbox.bit() | InboxKB.bit() | InboxMS.bit()
}

func byJob(e *pipeline.Event) nameSet {
	switch e.JobState {
	case pipeline.JobStart:
		return JobStarts.bit()
	case pipeline.JobFail, pipeline.JobDead:
		return JobFails.bit()
	}
	return 0
}

func byAddress(e *pipeline.Event) nameSet {
	if e.Counts&pipeline.CountsAddress == 0 {
		return 0
	}
	set := SentKB.bit()
	if isDelivery(e) {
		set |= Signed.bit()
		if e.Status == 401 {
			set |= Unsigned.bit()
		}
	}
	if e.Endpoint.IsDynamic() && (!isDelivery(e) || PartOf(e) != Proven) {
		set |= Dynamic.bit()
	}
	if e.Endpoint == pipeline.EndpointSignIn && e.Method == pipeline.MethodPost {
		set |= signIn(e)
	}
	return set
}

// signIn tells how an attempt ended. nginx sees 200 or 422 for a wrong password (and for the prompt of a
// second factor), 3xx for a success; Rails sees 0 for a wrong password.
func signIn(e *pipeline.Event) nameSet {
	set := SignIns.bit()
	switch {
	case e.Status == 429:
		set |= SignInFails.bit() | SignInLimits.bit()
	case e.Format == pipeline.FormatRails && e.Status == 200:
		// the prompt of a second factor: the password was right
	case e.Status == 0, e.Status == 200, e.Status == 401, e.Status == 422:
		set |= SignInFails.bit()
	}
	return set
}

// SignedIn reports whether e is a sign-in that succeeded.
func SignedIn(e *pipeline.Event) bool {
	return e.Kind == pipeline.KindRequest && e.Endpoint == pipeline.EndpointSignIn &&
		e.Method == pipeline.MethodPost && e.Status >= 300 && e.Status < 400
}

// isAccepted reports whether e is a delivery that was taken, and of which Rails does not say that nobody signed it.
func isAccepted(e *pipeline.Event) bool {
	return isDelivery(e) && e.Status >= 200 && e.Status < 300 && e.Verified != pipeline.VerdictNo
}

func isDelivery(e *pipeline.Event) bool {
	return e.Method == pipeline.MethodPost && e.Endpoint.IsInbox()
}
