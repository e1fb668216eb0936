package parse

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// benchLines returns n lines of a busy inbox: many servers, a few browsers, over some seconds.
func benchLines(format string, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(format, i%250+1, i/500%60, i%1500)
	}
	return lines
}

const (
	combinedBench = `203.0.113.%d - - [23/Nov/2026:07:21:%02d +0000] "POST /users/admin/inbox HTTP/1.1" 202 0 "-" "Mastodon/4.5.3 (http.rb/5.3.1; +https://server-%d.example/)"`
	jsonBench     = `{"time":"2026-11-23T07:21:38+00:00","remote_addr":"203.0.113.%d","msec":17954184%02d.146,"host":"social.example","request":"POST /inbox HTTP/1.1","status":202,"bytes":0,"request_length":391,"request_time":0.002,"upstream_response_time":"0.002","user_agent":"Mastodon/4.5.3 (http.rb/5.3.1; +https://server-%d.example/)","signature":"keyId=\"https://mastodon.example/users/alice#main-key\",algorithm=\"rsa-sha256\"","request_id":"af4a9dd0ed580e71fbc681db63a0bb11"}`
)

func benchmark(b *testing.B, lines []string) {
	p := newParser(b, Options{})
	var e pipeline.Event
	for _, line := range lines {
		if skip, err := p.Parse(line, Env{}, &e); skip != "" || err != nil {
			b.Fatalf("%s: got %q, %v", line, skip, err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	i := 0
	for b.Loop() {
		if i == len(lines) {
			i = 0
			p.Reset()
		}
		p.Parse(lines[i], Env{}, &e)
		i++
	}
}

func BenchmarkCombined(b *testing.B) { benchmark(b, benchLines(combinedBench, 10000)) }
func BenchmarkJSON(b *testing.B)     { benchmark(b, benchLines(jsonBench, 10000)) }

// TestNoAllocation holds the hot paths to not one allocation per line, once the agents are known.
func TestNoAllocation(t *testing.T) {
	for name, format := range map[string]string{"combined": combinedBench, "json": jsonBench} {
		lines := benchLines(format, 2000)
		p := newParser(t, Options{})
		var e pipeline.Event
		all := func() {
			for _, line := range lines {
				p.Parse(line, Env{}, &e)
			}
			p.Reset()
		}
		all()
		if got := testing.AllocsPerRun(10, all) / float64(len(lines)); got >= 0.01 {
			t.Errorf("%s: got %v allocations per line, want 0", name, got)
		}
	}
}
