package window

import (
	"io"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A pairKind says what the pairs of a site and something else are. It is part of a pair's hash, so that one
// filter serves all kinds; only kinds that are asked for are in it.
type pairKind uint8

// The kinds of pairs.
const (
	pairActor     pairKind = iota // a site and an actor
	pairOrigin                    // a site and an actor, and the network that a claim of both came from
	pairNetwork                   // a site and a /24 or /48
	pairSoftware                  // a site and a software
	pairSubdomain                 // a site and a host below it
	pairAlone                     // a site and nothing else
)

// of returns the hash of a pair, which is mix(site) ^ other, both keyed with the secret: nobody without it can choose
// pairs that share bits.
func (k pairKind) of(pair uint64) uint64 { return mix(pair + uint64(k)<<56) }

// A novelty tells whether a pair was seen in the last 30 to 60 days: two generations of Bloom filters, each a
// chain of up to three blocks of 64 kB, 512 kB and 4 MB with 16 bits a pair. A generation ends after 30 days, or when it has
// its 2.4 million pairs, so that neither memory nor error grow on: less than 1 % of new pairs are called known when
// both generations are full. A pair that was remembered is known for 30 days at least, or until 2.4 million
// others came; each sight of it renews that. A look-up takes 10 to 60 ns.
//
// At most 1,000 new pairs of a kind are remembered of a site in an hour, so that nobody fills the filter with
// inventions; the others stay new. 4,096 counters are shared by all sites, by hash: two sites of many new pairs
// may share a thousand.
type novelty struct {
	turned uint32 // second at which the current generation began
	gens   [2]bloom
	spent  [4096]uint32 // hour and pairs remembered in it
}

type bloom struct {
	blocks [][]uint64
	filled uint32 // pairs in the last block
}

const (
	generation  = 30 * dayInSeconds
	bloomBits   = 16      // a pair
	bloomHashes = 7       // bits set a pair, of nine bits of hash each
	bloomLine   = 8       // words: a line of the cache
	firstBlock  = 1 << 13 // words, 32,768 pairs; each further block is eight times as large
	maxBlocks   = 3
	maxLearned  = 1000
	spentBits   = 10 // of a counter of pairs; the hour is above
)

func newNovelty() *novelty { return &novelty{} }

func blockWords(k int) int { return firstBlock << (3 * k) }

// turn begins a new generation when it is time.
func (n *novelty) turn(second uint32) {
	age := second - n.turned
	switch {
	case n.turned == 0 || age >= 2*generation:
		n.gens = [2]bloom{}
	case age >= generation || n.gens[0].full():
		n.gens = [2]bloom{{}, n.gens[0]}
	default:
		return
	}
	n.turned = second
}

// has reports whether the pair is known.
func (n *novelty) has(hash uint64, second uint32) bool {
	n.turn(second)
	return n.gens[0].has(hash) || n.gens[1].has(hash)
}

// knows reports whether the pair is known, and renews it.
func (n *novelty) knows(hash uint64, second uint32) bool {
	n.turn(second)
	if n.gens[0].has(hash) {
		return true
	}
	if !n.gens[1].has(hash) {
		return false
	}
	n.gens[0].put(hash)
	return true
}

// learn remembers a new pair if the counter of that number has room.
func (n *novelty) learn(hash uint64, second uint32, counter uint64) {
	if n.spend(counter, second) {
		n.gens[0].put(hash)
	}
}

// spend reports whether a counter has room for one more pair in the hour, and counts it.
func (n *novelty) spend(counter uint64, second uint32) bool {
	c := &n.spent[counter%uint64(len(n.spent))]
	if hour := second / 3600; *c>>spentBits != hour {
		*c = hour << spentBits
	}
	if *c&(1<<spentBits-1) >= maxLearned {
		return false
	}
	*c++
	return true
}

// has looks into the largest block first, which has most pairs.
func (b *bloom) has(hash uint64) bool {
	for i := len(b.blocks) - 1; i >= 0; i-- {
		if inBlock(b.blocks[i], hash) {
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

func room(k int) uint32 { return uint32(blockWords(k) * 64 / bloomBits) }

func (b *bloom) full() bool { return len(b.blocks) == maxBlocks && b.filled >= room(maxBlocks-1) }

func (b *bloom) put(hash uint64) {
	last := len(b.blocks) - 1
	if last < 0 || b.filled >= room(last) && last+1 < maxBlocks {
		last++
		b.blocks = append(b.blocks, make([]uint64, blockWords(last)))
		b.filled = 0
	}
	line, h := lineOf(b.blocks[last], hash)
	for range bloomHashes {
		line[h>>6&7] |= 1 << (h & 63)
		h >>= 9
	}
	b.filled++
}

// isNew reports whether e's pair of site and actor, as mix(site) ^ actor, was never seen. Among the claimed pairs, if
// e is claimed: a forger who uses known names is new. Among the proven ones, if it is proven; save that the
// actors of a peer whose name is believed from some hour on are not new when they were claimed, and accepted, from
// the network of e: what a forger claims from elsewhere makes nothing known. Of a log without addresses that can't be
// told; there an accepted claim does, as a real delivery would.
func (s *Space) isNew(e *pipeline.Event, pair uint64, proven bool) bool {
	if !proven {
		if e.Status >= 200 && e.Status < 300 {
			s.isNewPair(e, pairOrigin, pair^s.origin(e), false)
		}
		return s.isNewPair(e, pairActor, pair, false)
	}
	return s.isNewPair(e, pairActor, pair, true) &&
		!s.novelty[ClaimedPart].has(pairOrigin.of(pair^s.origin(e)), uint32(e.Time/pipeline.Second))
}

// isNewPair reports whether a pair of e's site, as mix(site) ^ other, was never seen in e's part.
func (s *Space) isNewPair(e *pipeline.Event, k pairKind, pair uint64, proven bool) bool {
	n := s.novelty[ClaimedPart]
	if proven {
		n = s.novelty[Proven]
	}
	hash, second := k.of(pair), uint32(e.Time/pipeline.Second)
	if n.knows(hash, second) {
		return false
	}
	n.learn(hash, second, k.of(s.hash(string(e.Site))))
	return true
}

// origin returns the hash of the network that e came from; zero for none.
func (s *Space) origin(e *pipeline.Event) uint64 {
	if !e.IP.IsValid() {
		return 0
	}
	network, _ := s.netHashes(e.IP)
	return network
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
	used := uint32(0)
	for _, v := range n.spent {
		used += min(v, 1)
	}
	c.u32(used)
	for i, v := range n.spent {
		if v != 0 {
			c.u32s([]uint32{uint32(i), v})
		}
	}
	return c.err
}

func (n *novelty) read(r io.Reader) error {
	d := decoder{r: r}
	n.turned = d.u32()
	for i := range n.gens {
		g := bloom{filled: d.u32()}
		for k := range d.count(maxBlocks) {
			block := make([]uint64, blockWords(k))
			if d.u64s(block); d.err != nil {
				return d.err
			}
			g.blocks = append(g.blocks, block)
		}
		if last := len(g.blocks) - 1; last < 0 && g.filled > 0 || last >= 0 && g.filled > room(last) {
			d.fail(errBound)
		}
		n.gens[i] = g
	}
	for range d.count(len(n.spent)) {
		i := d.count(len(n.spent) - 1)
		if n.spent[i] = d.u32(); d.err != nil {
			break
		}
	}
	return d.err
}
