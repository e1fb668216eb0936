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
	// LogFormat is nginx's own text log_format, as in its configuration; empty is combined, and variants
	// that can be told from content.
	LogFormat string
	// JSONKeys names the keys of a JSON log_format that are not the usual ones: our name → its key.
	JSONKeys map[string]string
	// TrustedProxies are the addresses whose forwarded header counts.
	TrustedProxies []netip.Prefix
}

// Env is what is known of one line beside its text.
type Env struct {
	Time pipeline.Time // an envelope's absolute time; wins over the line's own stamp
	Read pipeline.Time // when the line was read; the time of a line without a stamp; zero in replay
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

// A syntax reads the lines of one format.
type syntax interface {
	// line reads one line into e, which is zero but for Lines and Seq. It returns a reason (from a closed
	// list) when the line is no record, or an Error.
	line(line string, env Env, e *pipeline.Event) (skip string, err *Error)
	// state returns what the syntax remembers between lines; restore takes it back.
	state() string
	restore(state string)
}
