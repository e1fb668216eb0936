package pipeline

import (
	"strconv"
	"strings"
)

// AsSample returns e as one redacted line of evidence, written anew from what parse let through: no query,
// no token, no mail address, no job argument, and local accounts as ":name".
func (e *Event) AsSample() Sample {
	return Sample{Source: e.Format, At: Stamp{e.Time, e.Digits}, Line: e.line()}
}

const maxSampleField = 160

func (e *Event) line() string {
	if e.Kind == KindRejected {
		return bounded(e.Sample)
	}
	var b strings.Builder
	add := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(bounded(s))
	}
	if e.IP.IsValid() {
		add(e.IP.String())
	}
	add(e.Method.String())
	add(e.maskedPath())
	if e.Kind == KindRequest || e.Kind == KindThrottle {
		add(strconv.Itoa(int(e.Status)))
	}
	add(e.JobClass)
	add(e.JobState.String())
	add(e.Error)
	if e.KeyID != "" {
		add("key=" + e.KeyID)
	}
	if e.UserAgent != "" {
		add(strconv.Quote(bounded(e.UserAgent)))
	}
	return b.String()
}

// maskedPath returns the path without the name of a local account.
func (e *Event) maskedPath() string {
	if e.LocalUser == "" {
		return e.Path
	}
	return strings.Replace(e.Path, e.LocalUser, ":name", 1)
}

// bounded returns a clean copy of s of bounded length: valid UTF-8 without control characters.
func bounded(s string) string {
	if len(s) > maxSampleField {
		s = s[:maxSampleField] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || IsBidi(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// IsBidi reports whether r changes the direction of the text around it, or hides itself.
func IsBidi(r rune) bool {
	switch {
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return r == 0x061c || r == 0xfeff
}
