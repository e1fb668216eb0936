package window_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/axiomhq/hyperloglog"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A subject is a small Space with claims of every kind.
type subject struct {
	*window.Space
	metric   *window.Metric
	distinct *window.Distinct
}

func newSubject() *subject {
	s := window.NewSpace(sized(24))
	s.Addresses(window.Domain)
	s.Metric(window.Site, window.NewActors, window.Of(window.S1h, window.S24h))
	return &subject{Space: s, metric: s.Metric(window.Domain, window.Inbox, window.Of(window.S10s, window.S24h)).Floors([]window.Floor{{Scale: window.S10s, Count: 2}}),
		distinct: s.Distinct(window.Domain, window.Targets, window.S10m)}
}

// feed lets n deliveries come from at on, some of a key with many targets, some of keys that push others out.
func (s *subject) feed(at pipeline.Time, n int) {
	rng := rand.New(rand.NewPCG(uint64(at), 1))
	for i := range n {
		name := nameOf("k", rng.IntN(60)) + ".example"
		if i%2 == 0 {
			name = "loud.example"
		}
		e := delivery(at.Add(time.Duration(i)*time.Second/8), name, "https://"+name+"/users/u", pipeline.Claimed+pipeline.Attribution(i%3))
		e.Endpoint, e.LocalUser = pipeline.EndpointUserInbox, nameOf("user", rng.IntN(40))
		e.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		s.Observe(&e, nil)
		s.distinct.Reaches(e.Slots.Domain, window.PartOf(&e), 20, e.Time)
		s.distinct.Count(e.Slots.Domain, window.PartOf(&e), e.Time)
		s.metric.Over(e.Slots.Domain, window.PartOf(&e), e.Time)
		s.Shares(window.Domain, e.Slots.Domain, 10)
	}
}

func (s *subject) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func grown(t testing.TB) []byte {
	s := newSubject()
	s.feed(midnight, 300)
	return s.bytes(t)
}

// isEmpty reports whether s knows nothing, down to the last byte.
func (s *subject) isEmpty(t testing.TB) bool {
	return s.Keys() == 0 && s.Since() == 0 && bytes.Equal(s.bytes(t), newSubject().bytes(t))
}

// abuse restores data: it either is an error that leaves s empty, or s is as good as any; and in both cases s goes on.
func abuse(t testing.TB, data []byte) error {
	t.Helper()
	s := newSubject()
	err := s.Restore(bytes.NewReader(data))
	if err != nil && !s.isEmpty(t) {
		t.Errorf("after %v: got %d keys since %s, want nothing", err, s.Keys(), s.Since())
	}
	for _, at := range []time.Duration{time.Hour, 49 * time.Hour, 40 * 24 * time.Hour} {
		s.feed(midnight.Add(at), 120)
	}
	if got := s.Keys(); got > 3*24 {
		t.Errorf("after %v: got %d keys, want 72 at most", err, got)
	}
	s.bytes(t)
	return err
}

// guarded is abuse by somebody who must not end the test.
func guarded(t testing.TB, what string, data []byte) (err error) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: panic: %v", what, r)
			err = errors.New("panic")
		}
	}()
	return abuse(t, data)
}

// places is at how many places a snapshot is damaged.
func places() int {
	if testing.Short() {
		return 60
	}
	return 800
}

// TestRestoreReplaces restores into a Space that knows something: it knows what was read instead, and nothing
// after an error.
func TestRestoreReplaces(t *testing.T) {
	good := grown(t)
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("panic: %v", r)
		}
	}()
	for _, data := range [][]byte{good, good[:len(good)/2], nil} {
		s := newSubject()
		s.feed(midnight.Add(time.Hour), 200)
		err := s.Restore(bytes.NewReader(data))
		if err != nil && !s.isEmpty(t) {
			t.Errorf("%d bytes: something is known after %v", len(data), err)
		}
		if err == nil && !bytes.Equal(s.bytes(t), data) {
			t.Errorf("%d bytes: what was known before is mixed with what was read", len(data))
		}
		s.feed(midnight.Add(2*time.Hour), 200)
	}
}

// TestRestoreCutShort cuts a snapshot at every byte: an error that says what was being read, and nothing is known.
func TestRestoreCutShort(t *testing.T) {
	good := grown(t)
	bare := 0
	step := 1 + len(good)/places()
	for n := 0; n < len(good); n += step {
		s := newSubject()
		err := s.Restore(bytes.NewReader(good[:n]))
		if err == nil {
			t.Fatalf("%d of %d bytes: got no error", n, len(good))
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			bare++
		}
		if !s.isEmpty(t) {
			t.Fatalf("%d of %d bytes: something is known after %v", n, len(good), err)
		}
	}
	if bare > 0 {
		t.Errorf("%d errors say that the input ended, but not of what", bare)
	}
	if err := guarded(t, "a half", good[:len(good)/2]); err == nil {
		t.Error("a half: got no error")
	}
}

// TestRestoreFlipped flips a bit in many places. That can go unseen, for the checkpoint has the checksums, but
// whatever is read must not break what comes after.
func TestRestoreFlipped(t *testing.T) {
	good := grown(t)
	rng := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	n := places() / 2
	if torture() {
		n = 100_000
	}
	for range n {
		if t.Failed() {
			return
		}
		data := bytes.Clone(good)
		at := rng.IntN(len(data))
		if rng.IntN(2) == 0 {
			at = rng.IntN(min(len(data), 4096)) // where the metas are
		}
		data[at] ^= 1 << rng.IntN(8)
		guarded(t, nameOf("byte ", at), data)
	}
}

// TestRestoreHugeCounts puts a huge number in the place of each word: no memory is taken for what is not there.
func TestRestoreHugeCounts(t *testing.T) {
	good := grown(t)
	step := 1 + len(good)/places()
	for _, huge := range []uint32{1 << 31, 1<<31 - 1, 1<<32 - 1, 1 << 20} {
		for at := 0; at+4 <= len(good) && !t.Failed(); at += step {
			data := bytes.Clone(good)
			binary.LittleEndian.PutUint32(data[at:], huge)
			s := newSubject()
			if took := allocated(func() { s.Restore(bytes.NewReader(data)) }); took > 64<<20 {
				t.Errorf("%d at byte %d: took %d MB", huge, at, took>>20)
			}
		}
		for at := 0; at < len(good) && !t.Failed(); at += 10 * step {
			guarded(t, nameOf("a huge number at the end, byte ", at), binary.LittleEndian.AppendUint32(bytes.Clone(good[:at]), huge))
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestRestoreIntoLess shows that a snapshot of larger tables, as after `memory:` was lowered, is refused by its numbers.
func TestRestoreIntoLess(t *testing.T) {
	s := window.NewSpace(sized(12))
	s.Addresses(window.Domain)
	s.Metric(window.Site, window.NewActors, window.Of(window.S1h, window.S24h))
	s.Metric(window.Domain, window.Inbox, window.Of(window.S10s, window.S24h))
	s.Distinct(window.Domain, window.Targets, window.S10m)
	err := s.Restore(bytes.NewReader(grown(t)))
	if want := "sites: 24 of them, where there is room for 12"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if s.Keys() != 0 {
		t.Errorf("got %d keys, want none", s.Keys())
	}
}

// TestRestoreOtherLayout restores what Spaces of other claims wrote, some of them just as long: an error, and
// nothing is known.
func TestRestoreOtherLayout(t *testing.T) {
	of := window.Of
	write := func(o window.Options, claim func(*window.Space)) []byte {
		s := window.NewSpace(o)
		claim(s)
		for i := range 100 {
			name := nameOf("k", i%20) + ".example"
			e := delivery(midnight.Add(time.Duration(i)*time.Second), name, "https://"+name+"/u", pipeline.Claimed)
			e.IP = netip.AddrFrom4([4]byte{198, 51, byte(i), 1})
			s.Observe(&e, nil)
		}
		var b bytes.Buffer
		if err := s.Snapshot(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	small, wide := sized(24), sized(1000)
	network := window.Options{Space: pipeline.SpaceNetwork, Secret: secret()}
	ten := func(s *window.Space) { s.Metric(window.Domain, window.Inbox, of(window.S10s)) }
	for _, c := range []struct {
		name       string
		data       []byte
		o          window.Options
		claim      func(*window.Space)
		acceptable bool
	}{
		{"the same", write(small, ten), small, ten, true},
		{"another scale", write(small, ten), small, func(s *window.Space) { s.Metric(window.Domain, window.Inbox, of(window.S1m)) }, false},
		{"another scale of as many buckets", write(small, ten), small,
			func(s *window.Space) { s.Metric(window.Domain, window.Inbox, of(window.S10m)) }, false},
		{"another metric", write(small, ten), small, func(s *window.Space) { s.Metric(window.Domain, window.Signed, of(window.S10s)) }, false},
		{"another table", write(small, ten), small, func(s *window.Space) { s.Metric(window.Site, window.Inbox, of(window.S10s)) }, false},
		{"one claim less", write(small, func(s *window.Space) { ten(s); s.Distinct(window.Domain, window.Targets, window.S1h) }), small, ten, false},
		{"another window of a distinct count", write(small, func(s *window.Space) { s.Distinct(window.Domain, window.Targets, window.S1h) }), small,
			func(s *window.Space) { s.Distinct(window.Domain, window.Targets, window.S10m) }, false},
		{"another key space", write(network, func(s *window.Space) {}), small, func(s *window.Space) {}, false},
		{"no claims", write(small, func(s *window.Space) {}), small, ten, false},
		{"another program's", []byte("PK\x03\x04 this is no snapshot of ours, and longer than a head"), small, ten, false},
		{"zeros", make([]byte, 1<<16), small, ten, false},
		{"of a larger Space", write(wide, ten), small, ten, true},
	} {
		s := window.NewSpace(c.o)
		c.claim(s)
		err := s.Restore(bytes.NewReader(c.data))
		switch {
		case err == nil && !c.acceptable:
			t.Errorf("%s: got no error", c.name)
		case err != nil && c.acceptable:
			t.Errorf("%s: got %v", c.name, err)
		case err != nil && s.Keys() != 0:
			t.Errorf("%s: got %d keys after %v", c.name, s.Keys(), err)
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			t.Errorf("%s: got %q, which names nothing", c.name, err)
		}
	}
}

// TestRestoreOtherSketch puts a sketch of another precision in the place of one: no panic when the two are merged.
func TestRestoreOtherSketch(t *testing.T) {
	good := grown(t)
	of := func(precision uint8, sparse bool) []byte {
		sk, err := hyperloglog.NewSketch(precision, sparse)
		if err != nil {
			t.Fatal(err)
		}
		b, err := sk.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	head := of(10, false)[:12]
	at := bytes.Index(good, head)
	if at < 0 {
		t.Skip("the snapshot has no sketch in the library's own encoding")
	}
	length := 4 + int(binary.LittleEndian.Uint32(good[at:]))
	for _, other := range [][]byte{of(4, false), of(11, false), of(10, true), of(14, true)} {
		guarded(t, "another sketch", bytes.Join([][]byte{good[:at], other, good[at+length:]}, nil))
	}
}

// TestMillionHosts invents a million hosts of one site, eight events each of some: the children are few, and
// every event counts for the site.
func TestMillionHosts(t *testing.T) {
	s := window.NewSpace(sized(0))
	sites := s.Metric(window.Site, window.Inbox, window.DomainScales)
	hosts := s.Distinct(window.Site, window.Actors, window.S1h)
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	now, slot := midnight, int32(0)
	for i := range n {
		now = midnight.Add(time.Duration(i) * 50 * time.Microsecond)
		host := nameOf("h", i) + ".farm.example"
		e := delivery(now, host, "", pipeline.Claimed)
		e.Site = "farm.example"
		for range 1 + 7*(i%50/49) {
			s.Observe(&e, nil)
		}
		if slot = e.Slots.Site; slot == 0 && i >= 8 {
			t.Fatalf("host %d: the site has no place", i)
		}
	}
	want := uint32(n + n/50*7)
	if got := sites.Sum(slot, window.ClaimedPart, window.S1h, now); got < want || got > want+16 {
		t.Errorf("site: got %d, want %d", got, want)
	}
	if got := s.Keys(); got > 1+64 {
		t.Errorf("keys: got %d, want the site and 64 hosts at most", got)
	}
	hosts.Count(slot, window.ClaimedPart, now)
}

// FuzzRestoreSpace feeds what may be a snapshot: an error and an empty Space, or one that goes on; never a panic.
func FuzzRestoreSpace(f *testing.F) {
	good := grown(f)
	f.Add(good)
	f.Add(newSubject().bytes(f))
	f.Add(good[:len(good)/2])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	for _, at := range []int{8, 12, 16, 20, 28, 64} {
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint32(data[at:], 1<<31)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if took := allocated(func() { newSubject().Restore(bytes.NewReader(data)) }); took > 64<<20 {
			t.Errorf("took %d MB for %d bytes", took>>20, len(data))
		}
		abuse(t, data)
	})
}
