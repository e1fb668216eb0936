package pipeline

import (
	"net/netip"
	"time"
)

// A Domain is a remote server's host in canonical form: lower case, IDNA ASCII, no port, no trailing dot.
type Domain string

// A Site is the registrable domain of a Domain by the public suffix list, private section on.
type Site string

// An Actor is the canonical URL of a remote actor, without fragment and query.
type Actor string

// A StreamID names one ordered input: a log file with its rotations, a topic partition's host and file.
type StreamID string

// An Event is one thing that happened, as one log line tells it. A zero field is unknown.
//
// Strings may point into the Source's buffer, which lives until the engine's Process returns: whoever
// keeps one longer clones it. Every string is hostile: bounded in length by parse, not otherwise trusted.
// What must not leave parse (query strings, tokens, mail addresses, job arguments) is not in an Event.
type Event struct {
	Time   Time     // when it happened, by the log's own account; the engine makes it monotone
	Stream StreamID // set by the engine from the Batch
	Seq    uint64   // place in Stream, strictly rising; orders events of one Time, drops duplicates
	Lines  uint32   // lines of the stream that were consumed since the event before, this one included

	Digits uint8 // decimals of Time in the log
	Kind   Kind
	Format Format
	Spaces KeySpaces // the key spaces it is for; zero means all

	// A request, as nginx or Rails tells it. A throttle has the first four too.
	IP           netip.Addr // the client; IPv6 in full
	Method       Method
	Endpoint     Endpoint
	Status       uint16
	Path         string // without query
	Bytes        int64  // body bytes sent
	RequestBytes int64
	Duration     time.Duration
	Upstream     time.Duration // that the application took, by the proxy's account; Rails' own account of it is Duration
	LocalUser    string        // the local account in an inbox, actor or collection path; never shown as it is
	UserAgent    string        // bounded, mail addresses removed
	Software     string        // of the remote server, by its agent: lower case, e.g. "mastodon"
	Version      string
	AgentHost    string // the host that the agent claims, lower case, not yet canonical
	KeyID        string // the signature's key id as logged, bounded
	KeyHost      string // the host in KeyID, lower case, not yet canonical
	Verified     Verdict

	// A job, or a line about one.
	JobClass   string
	JobID      string
	JobState   JobState
	PID        string // process and thread that ran it: "pid tid" adjacency
	TID        string
	Error      string // an error's class, or why a line was rejected
	RemoteHost string // a host named by an error, a rejection or a circuit

	// Sample is the redacted text of a line that was rejected; empty for all other kinds.
	Sample string

	// What identity adds (Identifier.Enrich).
	Domain    Domain
	Site      Site
	Actor     Actor
	ClaimedBy Claim
	Level     Attribution // how sure it is, for this event alone, that Domain sent it

	// What the engine and the key spaces add before detectors see the event.
	Counts Witness // which families of counters this event is the witness of
	Slots  Slots
	Signal Signal     // of kind signal
	Fact   StreamFact // of kind stream
}

// A Kind says what an Event tells. The names are those of `fedwarden explain`.
type Kind uint8

// The kinds of events. Rejected, Signal and Stream never come from a log line that was understood.
const (
	KindUnknown    Kind = iota
	KindRequest         // a request, by nginx or Rails
	KindJob             // a Sidekiq job's start, done, fail or death
	KindJobError        // what a failed job's dump or exception line tells
	KindThrottle        // Rails refused a request by a rate limit
	KindRejection       // "Rejected … activity … from …"
	KindCircuit         // a Stoplight line: a circuit to a remote host opened or closed
	KindLogFailure      // "Could not log …": Rails lost a line
	KindRejected        // a line that could not be read; Error says why
	KindSignal          // what crossed key spaces; Signal says what
	KindStream          // a fact about the stream itself; Fact says what
)

// NumKinds is how many kinds there are.
const NumKinds = int(KindStream) + 1

var kindNames = [...]string{"unknown", "request", "job", "job_error", "throttle", "rejection", "circuit",
	"log_failure", "rejected", "signal", "stream"}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// A Format is the syntax of a log.
type Format uint8

// The formats that fedwarden reads.
const (
	FormatUnknown Format = iota
	FormatNginx
	FormatRails
	FormatSidekiq
)

var formatNames = [...]string{"unknown", "nginx", "rails", "sidekiq"}

// String returns the format's name.
func (f Format) String() string { return formatNames[f] }

// ParseFormat returns the format of that name, or FormatUnknown.
func ParseFormat(name string) Format {
	for f, n := range formatNames {
		if n == name {
			return Format(f)
		}
	}
	return FormatUnknown
}

// A Method is an HTTP request method; anything unusual is MethodOther.
type Method uint8

// The methods that matter.
const (
	MethodUnknown Method = iota
	MethodGet
	MethodHead
	MethodPost
	MethodPut
	MethodPatch
	MethodDelete
	MethodOptions
	MethodOther
)

var methodNames = [...]string{"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}

// String returns the method as HTTP writes it.
func (m Method) String() string { return methodNames[m] }

// A JobState is where a job is in its life.
type JobState uint8

// The states of a job.
const (
	JobUnknown JobState = iota
	JobStart
	JobDone
	JobFail
	JobDead
)

var jobStateNames = [...]string{"", "start", "done", "fail", "dead"}

// String returns the state's name.
func (s JobState) String() string { return jobStateNames[s] }

// A Verdict is what Rails says of a signature, where the optional field `verified=` is logged.
type Verdict uint8

// The verdicts. Unsaid is the stock log's.
const (
	VerdictUnsaid Verdict = iota
	VerdictNo
	VerdictYes
)

// A Claim says which part of a request named the domain.
type Claim uint8

// The claims.
const (
	ClaimNone Claim = iota
	ClaimKeyID
	ClaimUserAgent
)

var claimNames = [...]string{"", "key_id", "user_agent"}

// String returns the claim's name.
func (c Claim) String() string { return claimNames[c] }

// A Witness is a set of families of counters. One request may stand in two logs; in each family only
// the witness's line counts.
type Witness uint8

// The families of counters.
const (
	CountsAddress Witness = 1 << iota // address, endpoint, byte, status and login counters
	CountsDomain                      // domain and actor counters
)

// Slots are the places of an event's keys in the tables of their Space; zero is none. They are plain
// numbers, valid while the event is being observed.
type Slots struct {
	Site, Domain, Actor int32 // key space site
	IP, Prefix          int32 // key space network: /32 or /64, and /24 or /48
	Class               int32 // key space instance: the job's class
}

// A KeySpace is what a detector's keys are.
type KeySpace uint8

// KeySpaces is a set of KeySpace.
type KeySpaces = KeySpace

// The key spaces.
const (
	SpaceSite     KeySpace = 1 << iota // registrable domain, with the hosts and actors below it
	SpaceNetwork                       // address and prefix, and the local accounts seen from it
	SpaceInstance                      // the whole server, job classes and queues
)

// In reports whether an event for the key spaces s is for k.
func (k KeySpace) In(s KeySpaces) bool { return s == 0 || s&k != 0 }

// SignalRefused is the name of the engine's own signal: how many alerts there was no room for.
const SignalRefused = "alerts_refused"

// A Signal carries a fact across key spaces, from Advance of one to the instance detectors. Equal
// (Name, Key) of one second are added up.
type Signal struct {
	Name  string
	Key   string
	Count uint64
}

// A StreamFact is what happened to a stream, told to the instance detectors in the stream's own order.
type StreamFact struct {
	State  StreamState
	Late   time.Duration // how late, with StreamLate; how far off, with StreamRebased and StreamLeap
	Lines  uint64        // how many are lost, at least, with StreamGap
	Reason string        // with StreamGap and StreamLost; for people, without secrets
}

// A StreamState is the kind of a StreamFact.
type StreamState uint8

// The states of a stream.
const (
	StreamUnknown  StreamState = iota
	StreamOpened               // it joined
	StreamCaughtUp             // it was quiet up to Time, by its source's claim
	StreamLate                 // an event of it came too late to be applied
	StreamLeap                 // a stamp far ahead, which no second one confirmed, was not applied
	StreamRebased              // its clock is off; from now on its stamps are shifted
	StreamLost                 // it can't be read; it no longer holds back the others
	StreamRejoined             // it can be read again
	StreamEnded                // it will bring no more
	StreamGap                  // lines of it are lost
)
