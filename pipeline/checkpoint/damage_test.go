package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

// state is all that a directory gives, in one value.
type state struct {
	cp      *pipeline.Checkpoint
	history []Episode
}

func stateOf(t *testing.T, s *Store) (state, []Notice) {
	t.Helper()
	cp, notices, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	h, err := s.History(Query{})
	if err != nil {
		t.Fatal(err)
	}
	return state{cp, h}, notices
}

func sameState(a, b state) bool {
	return cmp.Equal(a.cp, b.cp, equalParts) && cmp.Equal(a.history, b.history)
}

// copyOf makes a state directory whose file is data.
func copyOf(t *testing.T, data []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func fileOf(t *testing.T, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// small is a checkpoint that is quickly read.
func small(n int) *pipeline.Checkpoint {
	cp := sample(n)
	cp.Parts[1] = part("space.site", random(uint64(n), 20_000))
	return cp
}

// fixture is a file after three saves and an acknowledgement, and the states that it has had.
func fixture(t *testing.T) (file []byte, states []state) {
	dir := t.TempDir()
	s := open(t, dir)
	for n := 1; n <= 3; n++ {
		save(t, s, small(n))
		got, _ := stateOf(t, s)
		states = append(states, got)
	}
	if err := s.Ack([]uint64{3}); err != nil {
		t.Fatal(err)
	}
	got, _ := stateOf(t, s)
	states = append(states, got)
	s.Close()
	return fileOf(t, dir), states
}

// Whatever bit of the file is flipped: what is loaded is as it was, or a notice says what is not.
func TestBitFlips(t *testing.T) {
	file, states := fixture(t)
	good := states[len(states)-1]
	r := rand.New(rand.NewPCG(1, 2))
	flips := 200
	if testing.Short() {
		flips = 50
	}
	noticed, aside := 0, 0
	for i := range flips {
		at, bit := r.IntN(len(file)), byte(1)<<r.IntN(8)
		if i%2 == 0 { // where it hurts: in the head of a page
			at = at/os.Getpagesize()*os.Getpagesize() + r.IntN(64)
		}
		data := bytes.Clone(file)
		data[at] ^= bit
		dir := copyOf(t, data)
		s := open(t, dir)
		got, notices := stateOf(t, s)
		lossless := cmp.Equal(got.cp, good.cp, equalParts)
		if !lossless && len(notices) == 0 {
			t.Fatalf("byte %d, bit %#x: got another checkpoint and no notice: %s", at, bit, cmp.Diff(good.cp, got.cp, equalParts))
		}
		for _, ep := range got.history { // what is left of the history is true
			if want := find(good.history, ep.Transitions[0].ID); !cmp.Equal(want.Transitions, ep.Transitions) {
				t.Fatalf("byte %d, bit %#x: got a false history", at, bit)
			}
		}
		if len(notices) > 0 {
			noticed++
		}
		if found, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(found) > 0 {
			aside++
		}
		save(t, s, small(9)) // and it goes on
		s.Close()
		if cp := load(t, open(t, dir)); cp.Streams[0].Seq != 9 {
			t.Fatalf("byte %d, bit %#x: got checkpoint %d after the next save", at, bit, cp.Streams[0].Seq)
		}
	}
	t.Logf("%d flips in %d bytes: %d noticed, %d files set aside", flips, len(file), noticed, aside)
	if noticed == 0 || aside == 0 {
		t.Error("no flip hit anything")
	}
}

func find(list []Episode, id string) Episode {
	for _, e := range list {
		if e.Transitions[0].ID == id {
			return e
		}
	}
	return Episode{}
}

// Every prefix of the file is good or named; so is every file with a hole in it.
func TestTruncatedAndHoles(t *testing.T) {
	file, states := fixture(t)
	page := os.Getpagesize()
	f := func(what string, data []byte) {
		t.Helper()
		s := open(t, copyOf(t, data))
		got, notices := stateOf(t, s)
		if !sameState(got, states[len(states)-1]) && len(notices) == 0 {
			t.Errorf("%s: got another state and no notice", what)
		}
		s.Close()
	}
	for n := 1; n < len(file); n += page/2 + 1 {
		f(fmt.Sprintf("%d bytes", n), file[:n])
	}
	for at := 0; at < len(file); at += page {
		data := bytes.Clone(file)
		clear(data[at:min(at+page, len(data))])
		f(fmt.Sprintf("hole at %d", at), data)
		copy(data[at:min(at+page, len(data))], file[2*page:])
		f(fmt.Sprintf("another page at %d", at), data)
	}
}

func TestNoDatabase(t *testing.T) {
	for _, text := range []string{"x", "SQLite format 3\x00", strings.Repeat("no database ", 10_000)} {
		dir := copyOf(t, []byte(text))
		s := open(t, dir)
		cp, notices, err := s.Load()
		if err != nil || len(notices) != 1 || cp.Secret == (pipeline.Secret{}) {
			t.Fatalf("got %v, %v, %v", cp, notices, err)
		}
		aside := filepath.Join(dir, "fedwarden.db.damaged-20261118T140000Z")
		if got, _ := os.ReadFile(aside); string(got) != text {
			t.Errorf("got %d bytes set aside, want %d", len(got), len(text))
		}
		want := filepath.Join(dir, fileName) + ": it is no bbolt file, or both its headers are damaged; " +
			"it was moved to fedwarden.db.damaged-20261118T140000Z and a new one begun"
		if got := notices[0].String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		s.Close()
	}
}

func TestSetAsideTwice(t *testing.T) {
	dir := copyOf(t, []byte("x"))
	open(t, dir).Close()
	os.WriteFile(filepath.Join(dir, fileName), []byte("y"), 0o600)
	open(t, dir)
	if found, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(found) != 2 {
		t.Errorf("got %v, want two files set aside", found)
	}
}

func TestReadOnlyMovesNothing(t *testing.T) {
	dir := copyOf(t, []byte("x"))
	_, err := Open(dir, Options{ReadOnly: true})
	if err == nil || !strings.Contains(err.Error(), fileName) {
		t.Errorf("got %v, want an error that names the file", err)
	}
	if got := fileOf(t, dir); string(got) != "x" {
		t.Errorf("got %q, want it untouched", got)
	}
}

// alter changes the value under a key of a slot, or takes it out.
func alter(t *testing.T, dir string, slot int, key string, change func([]byte) []byte) {
	t.Helper()
	db, err := bolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) error {
		b := slotBucket(tx, slot)
		if b.Get([]byte(key)) == nil {
			return fmt.Errorf("no key %q in slot %d", key, slot)
		}
		if v := change(bytes.Clone(b.Get([]byte(key)))); v != nil {
			return b.Put([]byte(key), v)
		}
		return b.Delete([]byte(key))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func flip(b []byte) []byte  { b[len(b)/2] ^= 1; return b }
func nothing([]byte) []byte { return nil }

// saved makes a directory with the checkpoints 1 to 3; 2 is in slot 1, 3 in slot 0.
func saved(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir)
	for n := 1; n <= 3; n++ {
		save(t, s, sample(n))
	}
	s.Close()
	return dir
}

func TestDamagedCheckpoint(t *testing.T) {
	f := func(what string, damage func(dir string), seq uint64, parts string, want ...string) {
		t.Helper()
		dir := saved(t)
		damage(dir)
		s := open(t, dir)
		cp, notices, err := s.Load()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := uint64(0)
		if len(cp.Streams) > 0 {
			got = cp.Streams[0].Seq
		}
		var names []string
		for _, p := range cp.Parts {
			names = append(names, p.Name)
		}
		if got != seq || strings.Join(names, " ") != parts {
			t.Errorf("%s: got checkpoint %d with %v, want %d with %s", what, got, names, seq, parts)
		}
		if len(cp.Outbox) != 2 || cp.Secret != s.Secret() {
			t.Errorf("%s: got outbox %v", what, cp.Outbox)
		}
		text := fmt.Sprint(notices)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: got %s, want %q", what, text, w)
			}
		}
		if len(notices) != len(want) {
			t.Errorf("%s: got %d notices, want %d: %s", what, len(notices), len(want), text)
		}
		save(t, s, sample(7))
		s.Close()
		if cp := load(t, open(t, dir)); cp.Streams[0].Seq != 7 {
			t.Errorf("%s: got checkpoint %d after the next save", what, cp.Streams[0].Seq)
		}
	}
	all := "engine space.site empty"
	f("nothing", func(string) {}, 3, all)
	f("head", func(dir string) { alter(t, dir, 0, "head", flip) }, 2, all,
		"checkpoint in slot a: can't be read: checksum", "checkpoint 2 of 2026-11-18T14:00:00Z is used")
	f("no head", func(dir string) { alter(t, dir, 0, "head", nothing) }, 2, all,
		"checkpoint in slot a: can't be read: its head is missing", "checkpoint 2 of")
	f("streams", func(dir string) { alter(t, dir, 0, chunkKey(0), flip) }, 2, all,
		"checkpoint 3: can't be read: streams", "checkpoint 2 of")
	f("a part", func(dir string) { alter(t, dir, 0, chunkKey(2), flip) }, 2, all,
		"checkpoint 3, part space.site: can't be read: chunk 1 of 3: checksum", "checkpoint 2 of")
	f("another head", func(dir string) { alter(t, dir, 1, "head", flip) }, 3, all,
		"checkpoint in slot b: can't be read", "checkpoint 3 of") // nobody knows that it was the older one
	f("the older one", func(dir string) { alter(t, dir, 1, chunkKey(0), flip) }, 3, all)
	f("parts of both", func(dir string) {
		alter(t, dir, 0, chunkKey(2), nothing)
		alter(t, dir, 1, chunkKey(1), flip)
	}, 3, "engine empty",
		"checkpoint 3, part space.site: can't be read: chunk 1 of 3: is missing; it starts empty")
	f("a part, and the older one", func(dir string) {
		alter(t, dir, 0, chunkKey(1), flip)
		alter(t, dir, 1, chunkKey(0), flip)
	}, 3, "space.site empty",
		"checkpoint 2: can't be read: streams", "checkpoint 3, part engine: can't be read", "checkpoint 3 of")
	f("both", func(dir string) {
		alter(t, dir, 0, "head", flip)
		alter(t, dir, 1, chunkKey(0), flip)
	}, 0, "", "checkpoint in slot a", "checkpoint 2: can't be read", "no checkpoint can be read")
}

func TestOneDamagedCheckpointIsKept(t *testing.T) {
	dir := saved(t)
	for range 3 {
		s := open(t, dir)
		n := s.newest()
		s.Close()
		alter(t, dir, n, chunkKey(0), flip)
		s = open(t, dir)
		s.Load()
		save(t, s, sample(5))
		save(t, s, sample(6))
		count := 0
		s.db.View(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(inDamaged)).ForEachBucket(func([]byte) error { count++; return nil })
		})
		if count != 1 {
			t.Errorf("got %d checkpoints set aside, want 1", count)
		}
		s.Close()
	}
}

func TestDamagedDelivery(t *testing.T) {
	dir := saved(t)
	db, _ := bolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(inOutbox))
		return b.Put([]byte(outboxKey(3)), flip(bytes.Clone(b.Get([]byte(outboxKey(3))))))
	})
	db.Close()
	cp, notices, err := open(t, dir).Load()
	if err != nil || len(cp.Outbox) != 1 || cp.Outbox[0].ID != 4 || len(notices) != 1 || !strings.Contains(notices[0].What, "3") {
		t.Errorf("got %+v, %v, %v", cp.Outbox, notices, err)
	}
}

func TestNewerLayout(t *testing.T) {
	dir := saved(t)
	db, _ := bolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	db.Update(func(tx *bolt.Tx) error { return put(tx, inStore, "layout", []byte{layout + 1}) })
	db.Close()
	before := fileOf(t, dir)
	_, err := Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("got %v, want that it is of a newer version", err)
	}
	if !bytes.Equal(before, fileOf(t, dir)) {
		t.Error("the file was changed")
	}
}

// A panic of bbolt while running is the file's damage: the next save goes to a new file.
func TestPanicWhileRunning(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, sample(1))
	err := s.change(func() error { panic("page 7 already freed") })
	if err == nil || !strings.Contains(err.Error(), "already freed; it was moved to fedwarden.db.damaged-") {
		t.Fatalf("got %v", err)
	}
	if held := new(HeldError); errors.As(err, &held) {
		t.Error("got held by another")
	}
	save(t, s, sample(2))
	s.Close()
	if cp := load(t, open(t, dir)); cp.Streams[0].Seq != 2 {
		t.Errorf("got checkpoint %d, want 2", cp.Streams[0].Seq)
	}
}

// A panic of whoever writes a part is not the file's damage.
func TestPanicOfAPart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, sample(1))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("got no panic")
			}
		}()
		s.Save(&pipeline.Checkpoint{Parts: []pipeline.Part{{Name: "x"}}}) // no Write
	}()
	if found, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(found) > 0 {
		t.Errorf("got %v set aside", found)
	}
	if cp := load(t, s); cp.Streams[0].Seq != 1 {
		t.Errorf("got checkpoint %d, want 1", cp.Streams[0].Seq)
	}
}
