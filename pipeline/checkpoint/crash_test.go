package checkpoint

import (
	"bytes"
	"math/rand/v2"
	"os"
	"testing"
)

// A power cut during a transaction leaves any of the pages that it was writing written, but its header, which
// is written after all others are durable, not. Whatever the pages: the state is that before.
func TestTornTransaction(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, small(1))
	save(t, s, small(2))
	r := rand.New(rand.NewPCG(3, 4))
	page := os.Getpagesize()
	transactions := map[string]func() error{
		"save": func() error { return s.Save(small(3)) },
		"ack":  func() error { return s.Ack([]uint64{3, 4}) },
	}
	for _, name := range []string{"save", "ack"} {
		before := fileOf(t, dir)
		want, _ := stateOf(t, s)
		if err := transactions[name](); err != nil {
			t.Fatal(err)
		}
		after := fileOf(t, dir)
		full, _ := stateOf(t, s)
		if sameState(want, full) {
			t.Fatalf("%s changed nothing", name)
		}
		for range 10 {
			torn := bytes.Clone(after) // as long as it has become
			clear(torn[copy(torn, before):])
			for at := 2 * page; at < len(after); at += page {
				if r.IntN(2) == 0 {
					copy(torn[at:at+page], after[at:])
				}
			}
			c := open(t, copyOf(t, torn))
			if got, notices := stateOf(t, c); !sameState(got, want) || len(notices) > 0 {
				t.Fatalf("%s: got another state than that before, notices %v", name, notices)
			}
			c.Close()
		}
		c := open(t, copyOf(t, after))
		if got, notices := stateOf(t, c); !sameState(got, full) || len(notices) > 0 {
			t.Errorf("%s: got another state than that after, notices %v", name, notices)
		}
		c.Close()
	}
}

// A header that was torn as it was written is that of the last transaction: the one before counts, and a
// notice says so.
func TestTornHeader(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, small(1))
	page := os.Getpagesize()
	before := fileOf(t, dir)
	want, _ := stateOf(t, s)
	save(t, s, small(2))
	after := fileOf(t, dir)
	for at := 0; at < 2*page; at += page {
		if bytes.Equal(before[at:at+page], after[at:at+page]) {
			continue
		}
		copy(after[at+pageHeader+metaSize-8:], "torn")
	}
	got, notices := stateOf(t, open(t, copyOf(t, after)))
	if !sameState(got, want) || len(notices) != 1 {
		t.Errorf("got another state than that before, or notices %v", notices)
	}
}
