package source

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// DefaultLateness is how much out of order the lines of a file may be.
const DefaultLateness = 2 * time.Second

// A chain is one log: pieces in the order in which they were written.
type chain struct {
	id     pipeline.StreamID
	pieces []*piece
	last   pipeline.Time // the latest stamp in it
}

// lateness returns how much out of order a chain's lines may be.
func (c *chain) lateness() time.Duration { return c.pieces[0].lateness() }

func (p *piece) lateness() time.Duration {
	if p.in.Lateness > 0 {
		return p.in.Lateness
	}
	return DefaultLateness
}

// chains groups pieces into logs. A piece follows another of its format when it begins where that ends,
// or later; an overlap up to the lateness is none, because that much disorder is in any log. Pieces that
// truly overlap are different logs. What can be read once only, and what has no stamp, stands alone.
func chains(pieces []*piece) []*chain {
	var out []*chain
	for _, p := range order(pieces) {
		if p.empty {
			continue
		}
		c := follows(out, p)
		if c == nil {
			c = &chain{}
			out = append(out, c)
		}
		c.pieces = append(c.pieces, p)
		c.last = max(c.last, p.last)
	}
	name(out)
	return out
}

// alone reports whether a piece is a log by itself.
func (p *piece) alone() bool { return p.lines != nil || p.first == 0 }

// alike reports whether two pieces could be of one log.
func alike(a, b *piece) bool {
	return a.format == b.format && a.lateness() == b.lateness() && reflect.DeepEqual(a.in.options(), b.in.options())
}

// options returns what is known of an input by itself, the format apart: that is judged by content.
func (in Input) options() *parse.Options {
	if in.Parse == nil {
		return nil
	}
	o := *in.Parse
	o.Format = pipeline.FormatUnknown
	return &o
}

// order sorts pieces by their first stamp. Two whose first stamps are less than the lateness apart stay
// in the order given: log lines are not sorted that finely. Pieces without a stamp come last.
func order(pieces []*piece) []*piece {
	given := slices.Clone(pieces)
	slices.SortStableFunc(given, func(a, b *piece) int { return cmp.Compare(a.given, b.given) })
	var out []*piece
	for _, p := range given {
		at := slices.IndexFunc(out, func(q *piece) bool { return p.before(q) })
		if at < 0 {
			at = len(out)
		}
		out = slices.Insert(out, at, p)
	}
	return out
}

// before reports whether p was surely begun before q.
func (p *piece) before(q *piece) bool {
	if p.first == 0 || q.first == 0 {
		return p.first != 0
	}
	return q.first.Sub(p.first) >= max(p.lateness(), q.lateness())
}

// follows returns the log that p goes on with: of those that end before it, the one that ends last.
func follows(logs []*chain, p *piece) *chain {
	var best *chain
	for _, c := range logs {
		tail := c.pieces[len(c.pieces)-1]
		if p.alone() || tail.alone() || !alike(tail, p) || p.first < c.last.Add(-p.lateness()) {
			continue
		}
		if best == nil || c.last > best.last {
			best = c
		}
	}
	return best
}

// name sorts logs by their first stamps and names them by format and number, never by path.
func name(logs []*chain) {
	slices.SortStableFunc(logs, func(a, b *chain) int { return cmp.Compare(a.begin(), b.begin()) })
	count := map[pipeline.Format]int{}
	for _, c := range logs {
		f := c.pieces[0].format
		count[f]++
		c.id = pipeline.StreamID(f.String())
		if n := count[f]; n > 1 {
			c.id = pipeline.StreamID(fmt.Sprintf("%s-%d", f, n))
		}
	}
}

// begin returns the first stamp of a log, the end of time when it has none.
func (c *chain) begin() pipeline.Time {
	if first := c.pieces[0].first; first != 0 {
		return first
	}
	return math.MaxInt64
}

// findEnds finds the last stamps that the grouping needs: only where another piece could follow.
func (r *Replay) findEnds(pieces []*piece) error {
	for i, p := range pieces {
		p.last = p.first
		for j, q := range pieces {
			if i == j || p.alone() || q.alone() || !alike(p, q) {
				continue
			}
			if err := r.findLast(p); err != nil {
				return err
			}
			break
		}
	}
	return nil
}
