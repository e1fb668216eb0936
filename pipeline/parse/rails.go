package parse

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The reasons for which a line of Rails or Sidekiq is no record.
const (
	skipContinuation = "continuation"     // a further line of the record before it
	skipException    = "exception"        // a line of the block that tells of an exception
	skipMessage      = "log message"      // something said that fedwarden has no use for
	skipForm         = "form shown again" // the second line of a login that failed; see rails.request
	skipDump         = "job dump"         // told by the line of the exception that follows it
	skipBanner       = "banner"           // a server's words on starting and stopping
	skipCommand      = "command output"   // paperclip and the commands that it runs
	skipStatement    = "rdf statement"
	skipWarning      = "ruby warning"
)

// The reasons for which a line of Rails or Sidekiq can't be read.
const (
	reasonLine   = "unknown line"   // of the format, as far as one knows, but of no known shape
	reasonFields = "missing fields" // a record without what every such record has
)

// rails reads the log of Mastodon's web process: lograge, key=value or JSON, with every prefix that
// Mastodon gave it, and what else matters of what it says. See request for the record and message for
// the rest.
//
//	3.5 – 4.1  [request id] method=…                                           no stamp at all
//	4.2 –      I, [2026-11-23T07:31:41.765496 #29854]  INFO -- : [request id] method=…
//
// A message may hold line breaks that a stranger wrote, so that what stands on the lines after it may
// look like anything. Of this much is sure, and held to: while the quote of an error= is open, no line
// is a record; and where records have the prefix, a line without it is none. A stranger who guesses the
// whole prefix can't be told from Rails, unless Rails folds its messages into one line, as fedwarden's
// initializer makes it do.
type rails struct {
	stamps   stamps
	voice    voice
	verified bool // the initializer is there: verified= counts, and a long message is cut off
	open     int  // lines that the error= of the record before may still run over; zero when it is closed
}

// cutMessage is the length of a line that fedwarden's initializer has cut off.
const cutMessage = 12_000

// maxOpen bounds how many lines an error may run over, lest the loss of its end blind the parser.
const maxOpen = 200

func newRails(o Options) *rails {
	return &rails{stamps: stamps{zone: o.Location}, verified: o.Verified}
}

func (r *rails) line(line string, _ Env, e *pipeline.Event) (skip string, err *Error) {
	if r.open > 0 {
		r.open--
		if closers(line) > 0 {
			r.open = 0
		}
		return skipContinuation, nil
	}
	text, prefixed := logger(line)
	if prefixed {
		var ok bool
		if e.Time, e.Digits, ok = r.stamps.read(line[loggerStamp:]); !ok {
			return "", &Error{Column: loggerStamp + 1, Reason: reasonTime}
		}
	}
	body, tagged := untag(text)
	switch {
	case !prefixed && r.voice.prefixed():
		return r.stray(line, body, tagged, e)
	case strings.HasPrefix(body, "method="):
		return r.request(line, body, prefixed, e)
	case isLogrageJSON(body):
		r.voice.heard(prefixed)
		skip, err = railsJSON(line, body, e)
		r.believe(e)
		return skip, err
	case !prefixed && (!tagged || isBanner(line) || isCommand(line)):
		return other(line)
	}
	return r.told(body, prefixed, e), nil
}

// believe takes back what verified= said where the initializer is not known to have written it.
func (r *rails) believe(e *pipeline.Event) {
	if !r.verified {
		e.Verified = pipeline.VerdictUnsaid
	}
}

// told reads what is no record and has Rails' prefix or tags.
func (r *rails) told(body string, prefixed bool, e *pipeline.Event) (skip string) {
	if skip = message(body, e); skip == "" {
		r.voice.heard(prefixed)
		return ""
	}
	if isException(body) {
		return skipException
	}
	return skip
}

// stray reads a line without prefix where Rails has one: never a record.
func (r *rails) stray(line, body string, tagged bool, e *pipeline.Event) (skip string, err *Error) {
	if strings.HasPrefix(body, "method=") || isLogrageJSON(body) {
		r.voice.heard(false)
		return skipContinuation, nil
	}
	if tagged && !isBanner(line) && !isCommand(line) {
		return skipException, nil
	}
	if skip, err = other(line); err != nil {
		return skipContinuation, nil
	}
	return skip, nil
}

func (r *rails) zoned() bool { return r.stamps.zoned() }

func (r *rails) state() string {
	return "rails " + strconv.Itoa(r.open) + " " + strconv.Itoa(int(r.voice))
}

func (r *rails) restore(state string) {
	f := strings.Fields(state)
	r.open, r.voice = 0, 0
	if len(f) != 3 || f[0] != "rails" {
		return
	}
	if n, err := strconv.Atoi(f[1]); err == nil {
		r.open = min(max(n, 0), maxOpen)
	}
	r.voice.restore(f[2])
}
