package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// hostile are pieces that a slow parser would look at again and again.
var hostile = []string{`"`, `\`, `\"`, `{`, `[`, `" `, `] "`, `" 200 1 "`, `" "`, ` x=`, ` x="`, "@", "a@b ", "://", "?", " ", "%40",
	"(", "Mastodon/", "=", ",", `":`, `":{`, "] ", "a", "\xff", `keyId="`, ";", " : ", ", "}

// A line of a megabyte must take time as its length, whatever it is made of: a step for each pair of
// bytes would take minutes.
func TestHostileLines(t *testing.T) {
	const size = 1 << 20
	prefixes := []string{"", `{"request":"`, `{"msec":1,"a":`, `1.1.1.1 - - [23/Nov/2026:07:21:02 +0000] "`,
		`1.1.1.1 - - [23/Nov/2026:07:21:02 +0000] "GET / HTTP/1.1" 200 1 "-" "`}
	formats := []Options{{Format: pipeline.FormatNginx}, {}, {Format: pipeline.FormatNginx, LogFormat: `$status "$request" $http_a $http_b`}}
	for _, o := range formats {
		p := newParser(t, o)
		for _, prefix := range prefixes {
			for _, piece := range hostile {
				line := prefix + strings.Repeat(piece, size/len(piece))
				var e pipeline.Event
				p.Parse(line, Env{Read: readAt}, &e)
				checkEvent(t, fmt.Sprintf("%s%s…", prefix, piece), &e)
				p.Reset()
			}
		}
	}
}
