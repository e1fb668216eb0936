package parse

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Options say what is known of a stream beforehand. The zero value recognises everything from content.
type Options struct {
	// Format is the format by name; FormatUnknown recognises it from the content, line by line until
	// one is sure, and again after a run of lines that it can't read.
	Format pipeline.Format
	// Location is the zone of stamps that name none; nil is UTC.
	Location *time.Location
	// LogFormat is nginx's own log_format, as in its configuration, text or JSON; empty is combined, the
	// variants that can be told from content, and JSON with the usual keys.
	LogFormat string
	// JSONKeys names the keys of a JSON log_format that are not the usual ones: our name → its key.
	JSONKeys map[string]string
	// TrustedProxies are the addresses whose forwarded header counts.
	TrustedProxies []netip.Prefix
	// Verified says that fedwarden's initializer runs in the Rails whose log this is, so that verified=
	// counts. Without it verified= is a stranger's word like any other.
	Verified bool
}

// Env is what is known of one line beside its text.
type Env struct {
	Time pipeline.Time // an envelope's absolute time; wins over a stamp of the line that names no zone
	Read pipeline.Time // when the line was read; the time of a line without a stamp; zero in replay
	Cut  bool          // the line goes on in the next one of its origin
	Err  bool          // it was written to standard error, whose pieces are its own
}

// An Error says where and why a line could not be read. It is counted by Reason, never fatal.
type Error struct {
	Format pipeline.Format
	Column int    // 1-based byte column at which reading stopped
	Reason string // from a closed list of constants: safe as a metric label
}

// Error returns "nginx: column 17: no request".
func (e *Error) Error() string {
	return fmt.Sprintf("%s: column %d: %s", e.Format, e.Column, e.Reason)
}

// The reasons of the front and of nginx; the other syntaxes name their own beside their code.
const (
	reasonFormat    = "unknown format"     // nothing that fedwarden reads
	reasonNoTime    = "no time"            // neither the line nor its surroundings have a time
	reasonTime      = "bad time"           // an impossible date, or none where one must stand
	reasonAddress   = "bad address"        // no client address where one must stand
	reasonRequest   = "no request"         // no request where one must stand
	reasonStatus    = "bad status"         // no three digits
	reasonSize      = "bad size"           // a number of bytes that is none
	reasonQuote     = "unclosed quote"     // the line ends within a field
	reasonAmbiguous = "ambiguous quoting"  // raw quotes (escape=none) that can be read in several ways
	reasonTail      = "unknown tail"       // what follows the agent is not known: log_format says what it is
	reasonLogFormat = "not the log_format" // the line is not as the configured log_format says
	reasonTruncated = "truncated"          // JSON that ends early
	reasonJSON      = "bad json"           // not JSON, even as nginx writes it
	reasonNesting   = "nested too deeply"  // JSON deeper than any log's
)

// The reasons for which a line is no record.
const (
	skipBlank    = "blank line"
	skipErrorLog = "nginx error log"
	skipPiece    = "piece of a line"
)

// A syntax reads the lines of one format.
type syntax interface {
	// line reads one line into e, which is zero. It returns a reason (from a closed list) when the line
	// is no record, or an Error. It sets Time and Digits from the line's own stamp alone and leaves them
	// zero where there is none: the front decides which time counts.
	line(line string, env Env, e *pipeline.Event) (skip string, err *Error)
	// zoned reports whether the stamp that was read last names its zone.
	zoned() bool
	// state returns what the syntax remembers between lines; restore takes it back. It is text of any
	// kind, short, and restore takes any text.
	state() string
	restore(state string)
}
