package source

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// splitLines is what a lineReader must do, the slow way.
func splitLines(text string, maxLine int) (lines []string, long int) {
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if len(line) > maxLine {
			line = line[:maxLine]
			long++
		} else {
			line = strings.TrimSuffix(line, "\r")
		}
		lines = append(lines, line)
	}
	return lines, long
}

// readAll reads every line and keeps all of them alive, so that a block used too early shows.
func readAll(r *lineReader) (lines []string, pos []int64, err error) {
	var blocks []*block
	for {
		line, ok := r.next()
		if !ok {
			if err := r.fill(); err != nil {
				for _, b := range blocks {
					b.drop()
				}
				return lines, pos, err
			}
			continue
		}
		r.block.refs.Add(1)
		blocks = append(blocks, r.block)
		lines = append(lines, line)
		pos = append(pos, r.pos)
	}
}

// A choppy reader returns as many bytes at a time as its dice say.
type choppy struct {
	r    io.Reader
	dice *rand.Rand
	most int
}

func (c *choppy) Read(p []byte) (int, error) {
	return c.r.Read(p[:min(len(p), 1+c.dice.Intn(c.most))])
}

func TestReaderAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxLine := rapid.SampledFrom([]int{1, 7, 100, 5000, 70_000, 400_000}).Draw(t, "max")
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"\n", "\r\n", "\r", "\x00", "a", "é\xff", strings.Repeat("x", 90), strings.Repeat("y", 4999),
			strings.Repeat("z", 69_999), strings.Repeat("w", 300_000), "line\n", "another line\r\n",
		}), 0, 40).Draw(t, "parts")
		text := strings.Join(parts, "")
		src := io.Reader(strings.NewReader(text))
		if most := rapid.SampledFrom([]int{0, 1000, 300_000}).Draw(t, "chunk"); most > 0 {
			src = &choppy{src, rand.New(rand.NewSource(int64(len(text)))), most}
		}
		if rapid.Bool().Draw(t, "dataWithEOF") {
			src = iotest.DataErrReader(src)
		}
		var pool blockPool
		r := newLineReader(src, &pool, maxLine)
		got, pos, err := readAll(r)
		if err != io.EOF {
			t.Fatalf("got error %v, want EOF", err)
		}
		want, long := splitLines(text, maxLine)
		if d := cmp.Diff(want, got); d != "" && len(d) < 2000 {
			t.Fatalf("lines (-want +got):\n%s", d)
		} else if d != "" {
			t.Fatalf("got %d lines, want %d, and they differ", len(got), len(want))
		}
		if r.long != uint64(long) {
			t.Errorf("got %d long lines, want %d", r.long, long)
		}
		checkPlaces(t, text, pos)
	})
}

// checkPlaces checks that every place is behind a newline, or the end.
func checkPlaces(t *rapid.T, text string, pos []int64) {
	for i, p := range pos {
		if p != int64(len(text)) && text[p-1] != '\n' {
			t.Fatalf("place %d of line %d is in the middle of a line", p, i+1)
		}
		if i > 0 && strings.Count(text[pos[i-1]:p], "\n") != 1 && p != int64(len(text)) {
			t.Fatalf("line %d covers %d newlines", i+1, strings.Count(text[pos[i-1]:p], "\n"))
		}
	}
	if n := len(pos); n > 0 && pos[n-1] != int64(len(text)) {
		t.Fatalf("got last place %d, want %d", pos[n-1], len(text))
	}
}

func TestReaderPartialKeepsHalfALine(t *testing.T) {
	var pool blockPool
	src := &bytes.Buffer{}
	r := newLineReader(src, &pool, 0)
	r.partial = true
	read := func(text string, want ...string) {
		t.Helper()
		src.WriteString(text)
		r.err = nil
		got, _, err := readAll(r)
		if d := cmp.Diff(want, got); d != "" || err != io.EOF {
			t.Errorf("after %.20q: error %v, lines (-want +got):\n%s", text, err, d)
		}
	}
	read("one\ntw", "one")
	read("o")
	read("\nthree\n", "two", "three")
	read(strings.Repeat("x", 3<<20))
	read(strings.Repeat("x", 3<<20))
	read("\nfour\n", strings.Repeat("x", DefaultMaxLine), "four")
	if want := int64(4 + 4 + 6 + 6<<20 + 1 + 5); r.pos != want || r.long != 1 {
		t.Errorf("got place %d and %d long lines, want %d and 1", r.pos, r.long, want)
	}
}

func TestReaderMemoryIsBounded(t *testing.T) {
	var pool blockPool
	r := newLineReader(io.LimitReader(zeros{}, 200<<20), &pool, 0)
	line, ok := r.next()
	if err := r.fill(); ok || err != nil {
		t.Fatalf("got line %.10q, error %v", line, err)
	}
	line, _ = r.next()
	if len(line) != DefaultMaxLine || len(r.block.data) > 2*DefaultMaxLine {
		t.Errorf("got a line of %d bytes in a block of %d", len(line), len(r.block.data))
	}
	if r.pos != 200<<20 {
		t.Errorf("got place %d, want %d", r.pos, 200<<20)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// benchText is n lines of an access log.
func benchText(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `203.0.113.%d - - [18/Nov/2026:14:%02d:%02d +0000] "POST /inbox HTTP/1.1" 202 0 "-" `+
			`"Mastodon/4.5.3 (http.rb/5.3.1; +https://server%d.example/)"`+"\n",
			i%250, i/60%60, i%60, i%3000)
	}
	return b.Bytes()
}

func BenchmarkReader(b *testing.B) {
	text := benchText(200_000)
	bench := func(name string, read func(io.Reader) int) {
		b.Run(name, func(b *testing.B) {
			lines := 0
			for b.Loop() {
				lines += read(bytes.NewReader(text))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
		})
	}
	var pool blockPool
	bench("own", func(src io.Reader) (n int) {
		r := newLineReader(src, &pool, 0)
		defer r.close()
		for {
			if _, ok := r.next(); ok {
				n++
			} else if r.fill() != nil {
				return n
			}
		}
	})
	bench("scanner", func(src io.Reader) (n int) {
		s := bufio.NewScanner(src)
		for s.Scan() {
			n++
		}
		return n
	})
}
