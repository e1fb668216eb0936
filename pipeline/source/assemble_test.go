package source

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// A chainParser remembers the line before, and makes events that tell it.
type chainParser struct{ before string }

func (p *chainParser) Parse(line string, _ parse.Env, e *pipeline.Event) (string, *parse.Error) {
	e.Time, e.Path = 1, p.before
	p.before = strings.Clone(line)
	return "", nil
}
func (*chainParser) Open(line string) []parse.Record { return []parse.Record{{Text: line}} }
func (*chainParser) Reset()                          {}
func (p *chainParser) State() string                 { return p.before }
func (p *chainParser) Restore(state string)          { p.before = state }
func (*chainParser) Format() pipeline.Format         { return pipeline.FormatNginx }

func TestParserMemoryGoesOnWhileBatchesAreHeld(t *testing.T) {
	const n = 3000
	path := write(t, filepath.Join(t.TempDir(), "access.log"), nginxLog(1, n))
	r := newReplay(t, ReplayConfig{Inputs: inputs(path),
		newParser: func(parse.Options) (lineParser, error) { return &chainParser{}, nil }})
	x := drain(t, one(t, r))
	if len(x.Events) != n {
		t.Fatalf("got %d events, want %d", len(x.Events), n)
	}
	for i, e := range x.Events[1:] {
		if want := nginxLine(i+1, i+1); e.Path != want {
			t.Fatalf("line %d: got the line before as %q, want %q", i+2, e.Path, want)
		}
	}
}

func TestReleasedBlocksAreUsedAgain(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), string(benchText(50_000)))
	r := newReplay(t, ReplayConfig{Inputs: inputs(path)})
	drain(t, one(t, r))
	if n := len(r.pool.free); n == 0 || n > keepFree {
		t.Errorf("got %d free blocks in the end, want 1 to %d", n, keepFree)
	}
	if n := len(one(t, r).asm.free); n == 0 || n > 4 {
		t.Errorf("got %d free slabs in the end, want 1 to 4", n)
	}
}

func TestReleaseTwiceIsOnce(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "access.log"), nginxLog(0, 9))
	s := one(t, newReplay(t, ReplayConfig{Inputs: inputs(path)}))
	b, err := s.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Release()
	b.Release()
	if n := len(s.asm.free); n != 1 {
		t.Errorf("got %d free slabs, want 1", n)
	}
}
