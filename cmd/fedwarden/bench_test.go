package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/source"
)

// benchLines is how many lines the benchmarks read; FEDWARDEN_BENCH_LINES sets another number.
func benchLines() int {
	if n, err := strconv.Atoi(os.Getenv("FEDWARDEN_BENCH_LINES")); err == nil && n > 0 {
		return n
	}
	return 1_000_000
}

const benchDomains = 5000

// combinedLog writes n lines of nginx' combined format: deliveries of many domains, and people's requests.
func combinedLog(w io.Writer, n int) error {
	out := bufio.NewWriter(w)
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 8, benchDomains-1)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		stamp := at.Add(time.Duration(i) * 5 * time.Millisecond).Format("02/Jan/2006:15:04:05 -0700")
		d := zipf.Uint64()
		switch i % 4 {
		case 0:
			fmt.Fprintf(out, "198.51.%d.%d - - [%s] \"GET /api/v1/timelines/home?limit=40&since_id=1157 HTTP/2.0\" 200 48213 \"https://social.example/home\" \"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\"\n", d%100, d%250, stamp)
		case 1:
			fmt.Fprintf(out, "192.0.2.%d - - [%s] \"GET /users/alice/statuses/1157%d HTTP/1.1\" 200 2213 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://d%d.example/)\"\n", d%250, stamp, i, d)
		default:
			fmt.Fprintf(out, "203.0.%d.%d - - [%s] \"POST /inbox HTTP/1.1\" 202 0 \"-\" \"Mastodon/4.5.%d (http.rb/5.3.1; +https://d%d.example/)\"\n", d/250, d%250, stamp, d%4, d)
		}
	}
	return out.Flush()
}

func benchFile(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "access.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := combinedLog(f, benchLines()); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReplay reads the same file by the bare parse and by the whole of replay, all detectors on, and
// reports their ratio. Run it on one core: go test -bench Replay -cpu 1 ./cmd/fedwarden
func BenchmarkReplay(b *testing.B) {
	path := benchFile(b)
	var bare, whole time.Duration
	for b.Loop() {
		began := time.Now()
		bareParse(b, path)
		bare += time.Since(began)
		began = time.Now()
		replayFile(b, path)
		whole += time.Since(began)
	}
	lines := float64(benchLines() * b.N)
	b.ReportMetric(lines/bare.Seconds(), "bare-lines/s")
	b.ReportMetric(lines/whole.Seconds(), "replay-lines/s")
	b.ReportMetric(whole.Seconds()/bare.Seconds(), "times-bare")
}

func replayFile(b *testing.B, path string) {
	cfg := defaults()
	src, err := source.NewReplay(source.ReplayConfig{Inputs: []source.Input{{Path: path}}})
	if err != nil {
		b.Fatal(err)
	}
	c := &console{ctx: context.Background(), out: io.Discard, err: io.Discard}
	if err := runReplay(c, &cfg, fixedSecret, src, func(*pipeline.Alert) error { return nil }); err != nil {
		b.Fatal(err)
	}
}

// A bareRing is one ring of ten seconds: the least that any such detector keeps for a domain.
type bareRing struct {
	second  int64
	buckets [10]uint32
	sum     uint32
}

func (r *bareRing) add(second int64) {
	for r.second < second {
		r.second = max(r.second+1, second-9)
		r.sum -= r.buckets[r.second%10]
		r.buckets[r.second%10] = 0
	}
	r.buckets[second%10]++
	r.sum++
}

// bareParse is the yardstick: a scanner, all fields of each line, and one ring per domain.
func bareParse(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rings := map[string]*bareRing{}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		l, ok := bareLine(lines.Bytes())
		if !ok {
			b.Fatalf("bare parse: %s", lines.Bytes())
		}
		if l.domain == nil {
			continue
		}
		ring := rings[string(l.domain)]
		if ring == nil {
			ring = &bareRing{}
			rings[string(l.domain)] = ring
		}
		ring.add(l.time.Unix())
	}
	if err := lines.Err(); err != nil {
		b.Fatal(err)
	}
}

type bareFields struct {
	addr, user, method, path, referer, agent, domain []byte
	time                                             time.Time
	status, bytes                                    int
}

func bareLine(line []byte) (f bareFields, ok bool) {
	var rest []byte
	f.addr, rest, _ = bytes.Cut(line, []byte(" - "))
	f.user, rest, _ = bytes.Cut(rest, []byte(" ["))
	stamp, rest, _ := bytes.Cut(rest, []byte("] \""))
	request, rest, _ := bytes.Cut(rest, []byte("\" "))
	numbers, rest, _ := bytes.Cut(rest, []byte(" \""))
	f.referer, rest, _ = bytes.Cut(rest, []byte("\" \""))
	f.agent = bytes.TrimSuffix(rest, []byte("\""))
	f.method, request, _ = bytes.Cut(request, []byte(" "))
	f.path, _, _ = bytes.Cut(request, []byte(" "))
	status, size, _ := bytes.Cut(numbers, []byte(" "))
	var err1, err2, err3 error
	f.time, err1 = time.Parse("02/Jan/2006:15:04:05 -0700", string(stamp))
	f.status, err2 = strconv.Atoi(string(status))
	f.bytes, err3 = strconv.Atoi(string(size))
	if _, after, ok := bytes.Cut(f.agent, []byte("+https://")); ok {
		f.domain, _, _ = bytes.Cut(after, []byte("/"))
	}
	return f, err1 == nil && err2 == nil && err3 == nil
}
