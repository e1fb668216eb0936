package window

import (
	"encoding/binary"
	"io"
	"net/netip"

	"github.com/dchest/siphash"
	"github.com/fedwarden/fedwarden/pipeline"
)

// strangers tells which networks read what is public for the first time in a month. Each counts once. Those that
// follow a crowd do not: many come for a profile or a post that is linked to, and ask for what one of the last
// strangers asked for; who reads at random, or always what costs most, does not.
type strangers struct {
	secret pipeline.Secret
	known  *novelty
	crowd  [16]uint64 // what the last strangers that came for a profile or a post asked for
	next   uint32
}

func newStrangers(secret pipeline.Secret) strangers {
	return strangers{secret: secret, known: newNovelty()}
}

// comes reports whether e is a stranger's first read.
func (s *strangers) comes(e *pipeline.Event) bool {
	if !isPublic(e.Endpoint) || !e.IP.IsValid() || e.Status >= 400 && e.Status < 499 {
		return false
	}
	second := uint32(e.Time / pipeline.Second)
	network := s.hash(e.IP)
	if s.known.knows(network, second) {
		return false
	}
	s.known.learn(network, second, network)
	return !s.follows(e)
}

// isPublic reports whether anybody may read what is there, and reads it by hand or by a browser.
func isPublic(e pipeline.Endpoint) bool {
	switch e {
	case pipeline.EndpointOther, pipeline.EndpointStatus, pipeline.EndpointProfilePage, pipeline.EndpointTagPage,
		pipeline.EndpointTimeline, pipeline.EndpointAPIPublic, pipeline.EndpointSearch:
		return true
	}
	return false
}

// follows reports whether e asks for the profile or the post that one of the last strangers came for.
func (s *strangers) follows(e *pipeline.Event) bool {
	if e.Endpoint != pipeline.EndpointStatus && e.Endpoint != pipeline.EndpointProfilePage {
		return false
	}
	path := s.sum([]byte(e.Path))
	crowd := false
	for _, p := range s.crowd {
		crowd = crowd || p == path
	}
	s.crowd[s.next%uint32(len(s.crowd))] = path
	s.next++
	return crowd
}

// hash returns the keyed hash of an address's /24 or /48.
func (s *strangers) hash(addr netip.Addr) uint64 {
	raw := pipeline.NetKey(addr).Addr().As16()
	return s.sum(raw[:])
}

func (s *strangers) sum(b []byte) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(s.secret[:8]), binary.LittleEndian.Uint64(s.secret[8:])
	return siphash.Hash(k0, k1, b)
}

func (s *strangers) write(w io.Writer) error {
	c := coder{w: w}
	c.u32(s.next)
	c.u64s(s.crowd[:])
	if c.err != nil {
		return c.err
	}
	return s.known.write(w)
}

func (s *strangers) read(r io.Reader) error {
	d := decoder{r: r}
	s.next = d.u32()
	if d.u64s(s.crowd[:]); d.err != nil {
		return d.err
	}
	return s.known.read(r)
}
