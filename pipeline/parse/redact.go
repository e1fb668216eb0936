package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxSample bounds a sample; of a long line only so much is looked at.
const (
	maxSample  = 200 // with the mask at its end
	sampleFrom = 1024
	minToken   = 20 // a run of token characters this long may be a secret
)

// sample returns what may be shown of a line that was rejected. A line of Sidekiq, or of what may be its,
// can be a piece of a job's arguments, private messages included: of it nothing is shown from the first
// quote or brace on, unless it is an object from the start, in which the arguments are found by name.
func sample(line string, f pipeline.Format) string {
	mayBeJob := f == pipeline.FormatSidekiq || f == pipeline.FormatUnknown && !strings.HasPrefix(line, "{")
	if mayBeJob {
		if i := strings.IndexAny(line, "\"'{<\\"); i >= 0 {
			return redact(line[:i]) + mask
		}
	}
	return redact(line)
}

// mask stands where something was taken out.
const mask = "…"

// redact makes a line fit to be shown: at most maxSample bytes; without control and direction
// characters; query strings, job arguments, mail addresses and all that may be a token masked.
func redact(line string) string {
	line = cut(line, sampleFrom)
	if i := argumentsAt(line); i >= 0 {
		line = line[:i] + mask
	}
	line = maskTokens(maskMails(maskQueries(printable(line))))
	return strings.ToValidUTF8(cut(line, maxSample-len(mask)), "")
}

// argumentsAt returns where a job's arguments begin, -1 for nowhere.
func argumentsAt(line string) int {
	at := -1
	for _, name := range [...]string{`"args"`, `args\`, `"jobstr"`, "args="} {
		if i := strings.Index(line, name); i >= 0 && (at < 0 || i < at) {
			at = i
		}
	}
	return at
}

// printable drops control characters and those that change the direction or are not seen.
func printable(s string) string {
	clean := func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '.'
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}
	return strings.Map(clean, s)
}

// maskQueries masks what follows each question mark up to a blank or quote.
func maskQueries(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '?')
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		b.WriteString(mask)
		s = s[i+1:]
		end := strings.IndexAny(s, " \"'")
		if end < 0 {
			end = len(s)
		}
		s = s[end:]
	}
	b.WriteString(s)
	return b.String()
}

// maskTokens masks every run of token characters that is long enough to be a secret.
func maskTokens(s string) string {
	var b strings.Builder
	for s != "" {
		n := tokenLen(s)
		switch {
		case n >= minToken:
			b.WriteString(mask)
		case n > 0:
			b.WriteString(s[:n])
		default:
			n = 1
			b.WriteByte(s[0])
		}
		s = s[n:]
	}
	return b.String()
}

func tokenLen(s string) int {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '_' && c != '-' {
			return i
		}
	}
	return len(s)
}
