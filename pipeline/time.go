package pipeline

import (
	"strconv"
	"time"
)

// A Time is an instant in nanoseconds since the Unix epoch, UTC. Zero means unknown: no log line of a
// Mastodon server is from 1970. A whole number instead of a time.Time keeps events small, comparable
// and byte-stable in snapshots.
type Time int64

// Second is one second of a Time.
const Second = Time(time.Second)

// TimeOf returns t as a Time.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixNano())
}

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.Unix(0, int64(t)).UTC() }

// Add returns the instant d after t.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns how long after u the instant t is.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Floor returns the whole second in which t lies.
func (t Time) Floor() Time {
	if r := t % Second; r >= 0 {
		return t - r
	} else {
		return t - r - Second
	}
}

// Ceil returns the first whole second at or after t.
func (t Time) Ceil() Time {
	if f := t.Floor(); f != t {
		return f + Second
	}
	return t
}

// String returns t in RFC 3339 with the decimals it needs.
func (t Time) String() string { return t.Std().Format(time.RFC3339Nano) }

// A Stamp is a Time and the number of decimals its log wrote, so that it can be shown as it was written.
type Stamp struct {
	Time   Time
	Digits uint8 // decimals of a second, 0 to 9
}

// String returns s in RFC 3339, UTC, with its decimals; unknown is empty.
func (s Stamp) String() string {
	if s.Time == 0 {
		return ""
	}
	return string(s.Append(nil))
}

// Append appends s as String has it to b.
func (s Stamp) Append(b []byte) []byte {
	b = s.Time.Std().AppendFormat(b, "2006-01-02T15:04:05")
	if s.Digits > 0 {
		frac := strconv.AppendInt(nil, int64(s.Time-s.Time.Floor()+Second), 10)
		b = append(b, '.')
		b = append(b, frac[1:1+min(s.Digits, 9)]...)
	}
	return append(b, 'Z')
}

// MarshalJSON writes s as a JSON string, null when unknown.
func (s Stamp) MarshalJSON() ([]byte, error) {
	if s.Time == 0 {
		return []byte("null"), nil
	}
	return append(s.Append([]byte{'"'}), '"'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Stamp) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Stamp{}
		return nil
	}
	text, err := strconv.Unquote(string(b))
	if err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return err
	}
	digits := 0
	if len(text) > 20 && text[19] == '.' {
		digits = len(text) - 21
	}
	*s = Stamp{Time: TimeOf(t), Digits: uint8(digits)}
	return nil
}
