package spam

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const noon = pipeline.Time(1_800_000_000) * pipeline.Second

// TestRoll counts each name once in three days, and lists those of the last hour, the newest first.
func TestRoll(t *testing.T) {
	l := newRoll()
	for i, want := range []bool{true, false, true, false} {
		if got := l.call(fmt.Sprint("site", i/2), noon.Add(time.Duration(i)*time.Minute)); got != want {
			t.Errorf("call %d: got %v, want %v", i, got, want)
		}
	}
	if l.call(strings.Repeat("x", rollBytes+1), noon) {
		t.Error("a name beyond the bound was counted")
	}
	if !l.call("site0", noon.Add(rollFor)) {
		t.Error("after three days a name was not counted")
	}
	want := []string{"site0", "site1"}
	if got := l.since(noon, 9); !slices.Equal(got, append(want, "site0")) {
		t.Errorf("got %v", got)
	}
	if got := l.since(noon.Add(time.Minute), 2); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRollIsBounded calls more names than there is room for: the oldest are forgotten, and only they; what is written is
// read back, and written the same.
func TestRollIsBounded(t *testing.T) {
	l := newRoll()
	for i := range rollSize + 100 {
		l.call(fmt.Sprint("site", i), noon)
	}
	if len(l.names) != rollSize || len(l.at) != rollSize {
		t.Errorf("got %d names and %d places, want %d", len(l.names), len(l.at), rollSize)
	}
	var first, again bytes.Buffer
	if err := l.write(&first); err != nil {
		t.Fatal(err)
	}
	next := newRoll()
	if err := next.read(bytes.NewReader(first.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := next.write(&again); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
		t.Errorf("what was read is not written again: %v", err)
	}
	for _, r := range []*roll{l, next} {
		if r.call("site100", noon) || !r.call("site99", noon) {
			t.Error("got the oldest kept, or a newer one forgotten")
		}
	}
}

// TestRollRefusesDamage reads what nobody wrote.
func TestRollRefusesDamage(t *testing.T) {
	for _, damaged := range []string{"", "\xff\xff\xff\xff", "\x01\x00\x00\x00", "\x01\x00\x00\x0012345678\xff\xff"} {
		if newRoll().read(strings.NewReader(damaged)) == nil {
			t.Errorf("%q was read", damaged)
		}
	}
}
