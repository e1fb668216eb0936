package window

import (
	"encoding/binary"
	"io"

	"github.com/dchest/siphash"
	"github.com/fedwarden/fedwarden/pipeline"
)

// A novelty tells whether a pair was seen in the last 30 to 60 days: two generations of Bloom filters,
// each a chain of blocks that double in size. It may call a new pair known (about 1 % while a generation
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
	bloomHashes = 7       // bits set a pair
	firstBlock  = 1 << 11 // words: 16 kB, 13,000 pairs
	maxBlocks   = 8       // the last one is 2 MB
)

func newNovelty() *novelty { return &novelty{} }

// isNew reports whether hash is new, and remembers it unless learn is false.
func (n *novelty) isNew(hash uint64, second uint32, learn bool) bool {
	if n.turned == 0 || second-n.turned >= generation {
		n.gens[1], n.gens[0] = n.gens[0], bloom{}
		n.turned = second
	}
	if n.gens[0].has(hash) {
		return false
	}
	known := n.gens[1].has(hash)
	if learn {
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

func inBlock(block []uint64, hash uint64) bool {
	bits := uint64(len(block)) * 64
	for i := range uint64(bloomHashes) {
		at := (hash + i*(hash>>32|1)) % bits
		if block[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}

func (b *bloom) put(hash uint64) {
	last := len(b.blocks) - 1
	if last < 0 || (b.filled >= uint32(len(b.blocks[last])*64/bloomBits) && last+1 < maxBlocks) {
		b.blocks = append(b.blocks, make([]uint64, firstBlock<<(last+1)))
		b.filled = 0
		last++
	}
	block := b.blocks[last]
	bits := uint64(len(block)) * 64
	for i := range uint64(bloomHashes) {
		at := (hash + i*(hash>>32|1)) % bits
		block[at/64] |= 1 << (at % 64)
	}
	b.filled++
}

// maxLearned bounds the new actors of a site that are remembered in an hour, so that nobody fills the
// filter with inventions.
const maxLearned = 1000

// isNew reports whether e's actor was never seen at its site, among the proven or the claimed pairs.
func (s *Space) isNew(e *pipeline.Event, proven bool) bool {
	part := ClaimedPart
	if proven {
		part = Proven
	}
	second := uint32(e.Time / pipeline.Second)
	return s.novelty[part].isNew(s.pairHash(string(e.Site), string(e.Actor)), second, s.mayLearn(e, part))
}

func (s *Space) mayLearn(e *pipeline.Event, p Part) bool {
	for _, m := range s.metrics {
		if m.name == NewActors && m.table == Site && m.layout.scales.Has(S1h) {
			return m.Sum(e.Slots.Site, p, S1h, e.Time) < maxLearned
		}
	}
	return true
}

func (s *Space) pairHash(a, b string) uint64 {
	k0 := binary.LittleEndian.Uint64(s.opts.Secret[:8])
	k1 := binary.LittleEndian.Uint64(s.opts.Secret[8:])
	return siphash.Hash(k0^siphash.Hash(k1, k0, bytesOf(a)), k1, bytesOf(b))
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
