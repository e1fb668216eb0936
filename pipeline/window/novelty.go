package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A novelty tells whether a pair was seen in the last 30 to 60 days: two generations of Bloom filters,
// each a chain of blocks that double in size. It may call a new pair known (about 2 % while a generation
// is within its bound of some 3 million pairs, more beyond), and never a known one new.
type novelty struct {
	turned uint32 // second at which the current generation began
	gens   [2]bloom
}

type bloom struct {
	blocks [][]uint64
	filled uint32 // pairs in the last block
}

const (
	generation  = 30 * dayInSeconds
	bloomBits   = 10      // a pair
	bloomHashes = 7       // bits set a pair, of nine bits of hash each
	bloomLine   = 8       // words: a line of the cache
	firstBlock  = 1 << 11 // words: 16 kB, 13,000 pairs
	maxBlocks   = 8       // the last one is 2 MB
)

func newNovelty() *novelty { return &novelty{} }

// isNew reports whether hash is new, and remembers it if it may.
func (n *novelty) isNew(hash uint64, second uint32, may func() bool) bool {
	if n.turned == 0 || second-n.turned >= generation {
		n.gens[1], n.gens[0] = n.gens[0], bloom{}
		n.turned = second
	}
	if n.gens[0].has(hash) {
		return false
	}
	known := n.gens[1].has(hash)
	if may() {
		n.gens[0].put(hash)
	}
	return !known
}

func (b *bloom) has(hash uint64) bool {
	for _, block := range b.blocks {
		if inBlock(block, hash) {
			return true
		}
	}
	return false
}

// inBlock looks at bits of one line only: one cache miss, not one a bit, for a somewhat higher rate of
// pairs that are wrongly called known.
func inBlock(block []uint64, hash uint64) bool {
	line, h := lineOf(block, hash)
	for range bloomHashes {
		if line[h>>6&7]&(1<<(h&63)) == 0 {
			return false
		}
		h >>= 9
	}
	return true
}

// lineOf returns the 512 bits of a block where hash belongs, and 63 bits that choose among them.
func lineOf(block []uint64, hash uint64) ([]uint64, uint64) {
	at := hash % uint64(len(block)/bloomLine) * bloomLine
	return block[at : at+bloomLine], mix(hash)
}

func (b *bloom) put(hash uint64) {
	last := len(b.blocks) - 1
	if last < 0 || (b.filled >= uint32(len(b.blocks[last])*64/bloomBits) && last+1 < maxBlocks) {
		b.blocks = append(b.blocks, make([]uint64, firstBlock<<(last+1)))
		b.filled = 0
		last++
	}
	line, h := lineOf(b.blocks[last], hash)
	for range bloomHashes {
		line[h>>6&7] |= 1 << (h & 63)
		h >>= 9
	}
	b.filled++
}

// maxLearned bounds the new actors of a site that are remembered in an hour, so that nobody fills the
// filter with inventions.
const maxLearned = 1000

// isNew reports whether e's pair of site and actor was never seen. Among the claimed pairs, if e is claimed:
// a forger who uses known names is new. Among all, if it is proven: the actors of a peer whose name is
// believed from some hour on are not new, and who would make his known by claims can do so by deliveries.
func (s *Space) isNew(e *pipeline.Event, pair uint64, proven bool) bool {
	part := ClaimedPart
	if proven {
		part = Proven
	}
	second := uint32(e.Time / pipeline.Second)
	fresh := s.novelty[part].isNew(pair, second, func() bool { return s.mayLearn(e, part) })
	return fresh && !(proven && s.novelty[ClaimedPart].has(pair))
}

func (n *novelty) has(hash uint64) bool { return n.gens[0].has(hash) || n.gens[1].has(hash) }

func (s *Space) mayLearn(e *pipeline.Event, p Part) bool {
	for _, m := range s.metrics {
		if m.name == NewActors && m.table == Site && m.layout.scales.Has(S1h) {
			return m.Sum(e.Slots.Site, p, S1h, e.Time) < maxLearned
		}
	}
	return true
}

func (n *novelty) write(w io.Writer) error {
	c := coder{w: w}
	c.u32(n.turned)
	for _, g := range n.gens {
		c.u32(g.filled)
		c.u32(uint32(len(g.blocks)))
		for _, block := range g.blocks {
			c.u64s(block)
		}
	}
	return c.err
}

func (n *novelty) read(r io.Reader) error {
	d := decoder{r: r}
	n.turned = d.u32()
	for i := range n.gens {
		n.gens[i] = bloom{filled: d.u32()}
		for k := range d.count(maxBlocks) {
			block := make([]uint64, firstBlock<<k)
			d.u64s(block)
			n.gens[i].blocks = append(n.gens[i].blocks, block)
		}
	}
	return d.err
}
