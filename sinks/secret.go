package sinks

import (
	"fmt"
	"io"
	"net/url"
	"sort"
	"strings"
)

const hidden = "<secret>"

// A Secret is a string that nobody prints by accident: however it is formatted or encoded it shows as
// <secret>. The zero Secret holds nothing. The text stands behind a pointer, since fmt prints unexported
// fields without asking their methods, but never follows pointers that deep.
type Secret struct{ text *string }

// NewSecret returns s as a Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether s holds nothing.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether s and t hold the same text.
func (s Secret) Equal(t Secret) bool { return s.Reveal() == t.Reveal() }

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret.
func (s Secret) GoString() string { return hidden }

// Format hides the secret, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalYAML hides the secret.
func (s Secret) MarshalYAML() (any, error) { return hidden, nil }

// UnmarshalText takes the secret as a configuration has it.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = NewSecret(string(b))
	return nil
}

// RedactURL returns what may be shown of a URL: its host, with the port if it has one. Of what is no
// URL nothing may be shown.
func RedactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return hidden
	}
	return u.Host
}

// A scrubber removes known secrets from a text. Its strings are in lower case, longest first.
type scrubber []string

// minPart is the length from which a part of a URL is hidden on its own; shorter ones are words.
const minPart = 8

// newScrubber hides u as a whole, and all parts of it that could be a password, and the secrets.
func newScrubber(u *url.URL, secrets ...string) scrubber {
	parts := append([]string{u.String()}, secrets...)
	parts = append(parts, u.Path, u.EscapedPath(), u.RawQuery, u.Fragment)
	if password, ok := u.User.Password(); ok {
		parts = append(parts, password)
	}
	split := func(r rune) bool { return strings.ContainsRune("/&=;", r) }
	for _, s := range []string{u.Path, u.EscapedPath(), u.RawQuery, u.User.Username()} {
		for _, p := range strings.FieldsFunc(s, split) {
			if len(p) >= minPart {
				parts = append(parts, p)
			}
		}
	}
	return newScrubberOf(parts)
}

func newScrubberOf(parts []string) scrubber {
	var s scrubber
	for _, p := range parts {
		if len(p) > 3 {
			s = append(s, strings.ToLower(p))
		}
	}
	sort.Slice(s, func(i, j int) bool {
		if len(s[i]) != len(s[j]) {
			return len(s[i]) > len(s[j])
		}
		return s[i] < s[j]
	})
	return s
}

// longest is the length of the longest string that s hides.
func (s scrubber) longest() int {
	if len(s) == 0 {
		return 0
	}
	return len(s[0])
}

// scrub returns text without the secrets, in whatever case they are written.
func (s scrubber) scrub(text string) string {
	for _, secret := range s {
		text = replaceFold(text, secret)
	}
	return text
}

// replaceFold hides every occurrence of the lower-case secret in text.
func replaceFold(text, secret string) string {
	var b strings.Builder
	for {
		i := indexFold(text, secret)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		b.WriteString(hidden)
		text = text[i+len(secret):]
	}
}

// indexFold finds secret in text, comparing byte by byte so that no case mapping can move the places.
func indexFold(text, secret string) int {
	for i := 0; i+len(secret) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(secret)], secret) {
			return i
		}
	}
	return -1
}
