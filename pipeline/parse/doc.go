// Package parse turns the lines of a Mastodon server's logs into Events. It is pure: a line in, an Event,
// a reason to skip or an *Error out; it asks no clock and keeps nothing but the memory of a record that
// runs over several lines and caches that change no result.
//
//	line ─▶ (envelope) ─▶ format: recognised from content or named ─▶ syntax: nginx, rails, sidekiq ─▶ Event
//
// A Parser reads one stream, because a record may run over lines and because one stream has, as a rule,
// one format. What it remembers is small and travels in the stream's cursor (State), so that a restart in
// the middle of a record goes on where it was.
//
// # Formats
//
// A stream keeps the format in which a line of it was first understood, and is recognised again only
// after a run of lines that told nothing. A syslog prefix of RFC 3164, which journalctl writes too, is
// taken off; its time has no year and is not used. Other envelopes are the source's.
//
// # nginx
//
// Text is read as combined, and with what people put before it ($host) and after it (a forwarded header,
// name=value); or as any log_format, given as it stands in nginx's configuration and compiled once. JSON
// is read by the usual keys, those of a given log_format, or configured ones. All three fill one record,
// which becomes an Event in one place.
//
// nginx escapes what strangers send, so a line has one reading. With escape=none it has not: such a line
// is accepted where there is no second reading, and rejected as ambiguous where there is. What cannot be
// seen in a line (a forged value without a quote in it) can't be told; such a log deserves little trust.
//
// # No copying
//
// Fields of an Event point into the line. Only what must be unescaped is written anew, into an arena
// which Reset empties; so the strings of an Event live as long as the line and until Reset.
//
// # What never leaves
//
// Query strings, tokens, mail addresses and job arguments are dropped here, before anything is stored,
// shown or sent. A rejected line leaves a Sample only: short, cleaned and redacted.
//
// # Time
//
// An envelope's absolute time wins over the line's own. A stamp without a zone is UTC unless
// Options.Location says otherwise. A line without a stamp has the time at which it was read, where the
// source knows that; else that of the stamp before it in its stream; else it is rejected. A line that
// could not be read has the envelope's time, else that of the stamp before it, else that of reading.
package parse
