package takeover

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

const start = pipeline.Time(1_795_003_200) * pipeline.Second

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)}) }

// TestWatchesAreBounded watches more addresses than there is room for: the oldest go first, and those that are over
// before all others.
func TestWatchesAreBounded(t *testing.T) {
	ws := watches{}
	for i := range maxWatches + 10 {
		ws.begin(addr(i), watch{since: start.Add(time.Duration(i) * time.Second), fresh: true})
	}
	if len(ws) != maxWatches || ws[addr(9)] != nil || ws[addr(10)] == nil {
		t.Errorf("got %d watches, the tenth oldest there: %v; want %d, without it", len(ws), ws[addr(9)] != nil, maxWatches)
	}
	ws.begin(addr(5000), watch{since: start.Add(5 * time.Hour)})
	if len(ws) != 1 {
		t.Errorf("hours later: got %d watches, want the new one alone", len(ws))
	}
}

// TestWatchGoesOn keeps what was counted when the same address signs in again, unless that was odder.
func TestWatchGoesOn(t *testing.T) {
	ws := watches{}
	ws.begin(addr(1), watch{since: start, fails: 4, fresh: true})
	ws[addr(1)].add(start, 0)
	if ws.begin(addr(1), watch{since: start.Add(time.Minute), fails: 4}); ws[addr(1)].total() != 1 {
		t.Error("an ordinary sign-in ended the watch")
	}
	if ws.begin(addr(1), watch{since: start.Add(time.Minute), fails: 9}); ws[addr(1)].fails != 9 {
		t.Error("an odder sign-in did not begin a new watch")
	}
}

// TestWatchJudges counts posts in panes of five minutes, three of which are ten minutes and more.
func TestWatchJudges(t *testing.T) {
	w := watch{since: start, fresh: true}
	for i := range postsInPane - 1 {
		w.add(start.Add(time.Duration(i)*30*time.Second), 0)
	}
	if _, s := w.judge(); s != pipeline.SeverityUnknown {
		t.Errorf("nineteen posts: got %s", s)
	}
	w.add(start.Add(10*time.Minute), 0)
	if x, s := w.judge(); s != pipeline.SeverityMedium || x.Count != postsInPane {
		t.Errorf("twenty posts: got %s, %d, want medium", s, x.Count)
	}
	if w.add(start.Add(40*time.Minute), 0); w.panes[0][0]+w.panes[0][1]+w.panes[0][2] != 1 {
		t.Error("old panes were not forgotten")
	}
	w.fails = fewFails
	if _, s := w.judge(); s != pipeline.SeverityCritical {
		t.Errorf("after failures: got %s, want critical", s)
	}
}

// TestWatchesRestore writes what is watched and reads it; of half of it nothing is kept.
func TestWatchesRestore(t *testing.T) {
	d := &AccountTakeover{watches: watches{}}
	for i := range 20 {
		d.watches.begin(addr(i*7%20), watch{since: start.Add(time.Duration(i) * time.Second), fails: uint32(i), fresh: i%2 == 0})
		d.watches[addr(i*7%20)].add(start, i%2)
	}
	var full, again bytes.Buffer
	next := &AccountTakeover{}
	if err := d.Snapshot(&full); err != nil {
		t.Fatal(err)
	}
	if err := next.Restore(bytes.NewReader(full.Bytes())); err != nil {
		t.Fatal(err)
	}
	if err := next.Snapshot(&again); err != nil || !bytes.Equal(full.Bytes(), again.Bytes()) {
		t.Errorf("restored watches do not write what they read (%v)", err)
	}
	for _, bad := range []string{"", "xx", full.String()[:full.Len()-3], "\xff\xff\xff\xff"} {
		if err := next.Restore(strings.NewReader(bad)); err == nil || len(next.watches) != 0 {
			t.Errorf("%d bytes that are no snapshot: %v, %d watches", len(bad), err, len(next.watches))
		}
	}
}
