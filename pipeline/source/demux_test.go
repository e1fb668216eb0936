package source

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// byNumber compares places that are numbers.
func byNumber(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return x - y
}

func newTestDemux(t *testing.T, cfg DemuxConfig) *Demux {
	t.Helper()
	cfg.Carrier, cfg.Compare = "carrier", byNumber
	d, err := NewDemux(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var demuxDay = time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC)

// nginxAt is a line of a server's access log, n seconds into the day.
func nginxAt(n int) string {
	return fmt.Sprintf(`192.0.2.1 - - [%s] "GET /n/%d HTTP/1.1" 200 2 "-" "x"`, demuxDay.Add(time.Duration(n)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), n)
}

func from(host, file, text string) parse.Record {
	return parse.Record{Text: text, Origin: parse.Origin{Host: host, File: file}}
}

// A reading is what became of a carrier: the numbers in each stream, in order, and its last cursor.
type reading struct {
	paths   map[pipeline.StreamID][]string
	cursors map[pipeline.StreamID]pipeline.Cursor
	seq     map[pipeline.StreamID]uint64
	claims  map[pipeline.StreamID]pipeline.Time
	lost    map[pipeline.StreamID]uint64
	ended   map[pipeline.StreamID]bool
	lines   map[pipeline.StreamID]uint64
}

func newReading() *reading {
	return &reading{map[pipeline.StreamID][]string{}, map[pipeline.StreamID]pipeline.Cursor{}, map[pipeline.StreamID]uint64{},
		map[pipeline.StreamID]pipeline.Time{}, map[pipeline.StreamID]uint64{}, map[pipeline.StreamID]bool{}, map[pipeline.StreamID]uint64{}}
}

// take reads all batches that are due, as an engine does: what it has seen by Seq it drops.
func (r *reading) take(d *Demux, batches int) {
	for ; batches != 0; batches-- {
		b, ok := d.Next()
		if !ok {
			return
		}
		if b.Opened && (r.cursors[b.Stream] == "" || r.ended[b.Stream]) {
			r.ended[b.Stream], r.cursors[b.Stream] = false, b.Begin
		}
		for i := range b.Events {
			if e := &b.Events[i]; e.Seq > r.seq[b.Stream] {
				r.seq[b.Stream] = e.Seq
				r.paths[b.Stream] = append(r.paths[b.Stream], e.Path)
				r.lines[b.Stream] += uint64(e.Lines)
			}
		}
		r.cursors[b.Stream] = b.Cursor
		r.lost[b.Stream] += b.LostLines
		r.claims[b.Stream] = max(r.claims[b.Stream], b.CaughtUp)
		r.ended[b.Stream] = r.ended[b.Stream] || b.Ended
		if b.Release != nil {
			b.Release()
		}
	}
}

// TestDemuxCrashes reads a carrier of three logs, is killed again and again with its streams at different
// places, and goes on from the least of them: every record is seen once, in its stream's order.
func TestDemuxCrashes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	const n = 3000
	hosts := make([]string, n)
	for i := range hosts {
		hosts[i] = "web" + strconv.Itoa(rnd.IntN(3))
	}
	r := newReading()
	for at, runs := 0, 0; at < n; runs++ {
		d := newTestDemux(t, DemuxConfig{})
		for id, c := range r.cursors {
			if err := d.Seek(id, c); err != nil {
				t.Fatal(err)
			}
		}
		place, ok := d.Start()
		if ok != (place != "") {
			t.Fatalf("run %d: start at %q, %v", runs, place, ok)
		}
		at, _ = strconv.Atoi(place)
		for until := min(n, at+rnd.IntN(700)); at < until; at++ {
			d.Add(strconv.Itoa(at+1), 0, []parse.Record{from(hosts[at], "/access.log", nginxAt(at))})
			r.take(d, rnd.IntN(2))
		}
		if at == n || rnd.IntN(3) == 0 {
			d.Claim(pipeline.TimeOf(demuxDay.Add(time.Duration(at) * time.Second)))
			r.take(d, -1)
		} else {
			r.take(d, rnd.IntN(3)) // the rest is lost with the process
		}
	}
	next := map[string]int{}
	for i, host := range hosts {
		got := r.paths[pipeline.StreamID("carrier/"+host+":/access.log")]
		k := next[host]
		next[host]++
		if want := "/n/" + strconv.Itoa(i); k >= len(got) || got[k] != want {
			t.Fatalf("record %d of %s: got %q, want %s", k, host, got[min(k, len(got)):min(k+1, len(got))], want)
		}
	}
	for host, k := range next {
		if got := len(r.paths[pipeline.StreamID("carrier/"+host+":/access.log")]); got != k {
			t.Errorf("%s: got %d records, want %d", host, got, k)
		}
	}
}

// TestDemuxRoutes is killed among bare lines of two logs and of none: one that tells nothing by itself belongs to the
// log that was told last, and goes there again when it is read again.
func TestDemuxRoutes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	const n = 2000
	lines := make([]string, n)
	for i := range lines {
		lines[i] = []string{
			nginxAt(i),
			"2026-11-18T14:00:01.257Z pid=1 tid=d6r class=ActivityPub::ProcessingWorker jid=526ffbf6da83e78b9faab14d INFO: start",
			"no line of any log", "no line of any log", "no line of any log",
		}[rnd.IntN(5)]
	}
	count := map[pipeline.StreamID]uint64{}
	r := newReading()
	for at := 0; at < n; {
		d := newTestDemux(t, DemuxConfig{})
		for id, c := range r.cursors {
			if err := d.Seek(id, c); err != nil {
				t.Fatal(err)
			}
		}
		place, _ := d.Start()
		at, _ = strconv.Atoi(place)
		for until := min(n, at+rnd.IntN(300)); at < until; at++ {
			d.Add(strconv.Itoa(at+1), 0, []parse.Record{{Text: lines[at]}})
			if rnd.IntN(20) == 0 {
				d.Flush()
			}
			r.take(d, rnd.IntN(2))
		}
		if at == n || rnd.IntN(3) == 0 {
			d.Claim(pipeline.TimeOf(demuxDay.Add(time.Duration(at) * time.Second)))
			r.take(d, -1)
		}
	}
	total := uint64(0)
	for id := range r.cursors {
		count[id] = r.lines[id]
		total += r.lines[id]
	}
	if total != n {
		t.Errorf("got %d lines of %d: %v", total, n, count)
	}
}

// TestDemuxBacklog shows that a quiet stream is claimed as the carrier goes on, so that it holds back nobody.
func TestDemuxBacklog(t *testing.T) {
	d, r := newTestDemux(t, DemuxConfig{}), newReading()
	at := func(n int) pipeline.Time { return pipeline.TimeOf(demuxDay.Add(time.Duration(n) * time.Second)) }
	d.Add("1", at(0), []parse.Record{from("quiet", "/a.log", nginxAt(0))})
	const busy = 5000
	for i := 1; i <= busy; i++ {
		d.Add(strconv.Itoa(i+1), at(i), []parse.Record{from("busy", "/a.log", nginxAt(i))})
		r.take(d, -1)
	}
	if got, want := r.claims["carrier/quiet:/a.log"], at(busy-2*claimRecords); got < want {
		t.Errorf("the quiet stream is claimed up to %v, want %v at least", got, want)
	}
	if !r.ended["carrier/quiet:/a.log"] {
		t.Error("a stream without a record for more than an hour has not ended")
	}
	d.Add(strconv.Itoa(busy+2), at(busy+1), []parse.Record{from("quiet", "/a.log", nginxAt(busy+1))})
	d.Claim(at(busy + 1))
	r.take(d, -1)
	if got := r.paths["carrier/quiet:/a.log"]; len(got) != 2 || r.ended["carrier/quiet:/a.log"] {
		t.Errorf("a stream that came back: got %q, ended %v", got, r.ended["carrier/quiet:/a.log"])
	}
}

// TestDemuxNames tells logs apart by their origin, else by what they hold.
func TestDemuxNames(t *testing.T) {
	d, r := newTestDemux(t, DemuxConfig{}), newReading()
	sidekiq := "2026-11-18T14:00:01.257Z pid=1 tid=d6r class=ActivityPub::ProcessingWorker jid=526ffbf6da83e78b9faab14d INFO: start"
	add := func(place string, rec parse.Record) { d.Add(place, 0, []parse.Record{rec}) }
	add("1", parse.Record{Text: nginxAt(0)})
	add("2", parse.Record{Text: sidekiq})
	add("3", parse.Record{Text: sidekiq, Origin: parse.Origin{Unit: "mastodon-sidekiq.service"}})
	add("4", parse.Record{Text: nginxAt(1), Origin: parse.Origin{Host: "web1", Program: "nginx"}})
	add("5", parse.Record{Text: "nobody knows this"})
	add("6", parse.Record{Text: nginxAt(2), Origin: parse.Origin{File: "/x/\x1b[2J\u009b2J\u202e\xff" + string(make([]byte, 500))}})
	add("7", parse.Record{Suppressed: 12, Origin: parse.Origin{Unit: "mastodon-sidekiq.service"}})
	d.Lose(3, "expired")
	d.Claim(pipeline.TimeOf(demuxDay))
	r.take(d, -1)
	for _, id := range []pipeline.StreamID{"carrier/nginx", "carrier/sidekiq", "carrier/mastodon-sidekiq.service", "carrier/web1:nginx:nginx"} {
		if len(r.paths[id]) == 0 {
			t.Errorf("no line in %s; got %v", id, r.paths)
		}
	}
	if got := r.lost["carrier/mastodon-sidekiq.service"]; got != 12 {
		t.Errorf("lost of the unit: got %d, want 12", got)
	}
	if got := r.lost["carrier"]; got != 3 {
		t.Errorf("lost of the carrier: got %d, want 3", got)
	}
	for id := range r.paths {
		if len(id) > len("carrier/")+maxMemberName+10 || id != pipeline.StreamID(clean(string(id))) && len(id) <= maxMemberName || strings.ContainsAny(string(id), "\u009b\u202e") {
			t.Errorf("stream %q is not clean", id)
		}
	}
}

// TestDemuxBound reads what too many names bring as the carrier's own.
func TestDemuxBound(t *testing.T) {
	d, r := newTestDemux(t, DemuxConfig{Max: 10}), newReading()
	for i := range 100 {
		d.Add(strconv.Itoa(i+1), 0, []parse.Record{from("h"+strconv.Itoa(i), "/a.log", nginxAt(i))})
	}
	d.Claim(pipeline.TimeOf(demuxDay))
	r.take(d, -1)
	if len(r.paths) != 11 || len(r.paths["carrier"]) != 90 {
		t.Errorf("got %d streams and %d lines of the carrier, want 11 and 90", len(r.paths), len(r.paths["carrier"]))
	}
}

// TestDemuxCommit gives the least place that is durable for all.
func TestDemuxCommit(t *testing.T) {
	d := newTestDemux(t, DemuxConfig{})
	cursors := map[pipeline.StreamID]pipeline.Cursor{}
	step := func(place string) {
		d.Claim(pipeline.TimeOf(demuxDay))
		for b, ok := d.Next(); ok; b, ok = d.Next() {
			cursors[b.Stream] = b.Cursor
		}
	}
	d.Add("1", 0, []parse.Record{from("a", "/a.log", nginxAt(0))})
	d.Add("2", 0, []parse.Record{from("b", "/a.log", nginxAt(1))})
	step("2")
	if place, ok := d.Commit("carrier", cursors["carrier"]); ok && place != "1" {
		t.Errorf("before the streams are durable: got %q, want nothing beyond 1", place)
	}
	d.Commit("carrier/a:/a.log", cursors["carrier/a:/a.log"])
	if place, ok := d.Commit("carrier/b:/a.log", cursors["carrier/b:/a.log"]); !ok || place != "2" {
		t.Errorf("when all are: got %q, %v, want 2", place, ok)
	}
}

// TestDemuxPressed lets quiet streams go on with the others while memory is short, and only then.
func TestDemuxPressed(t *testing.T) {
	claim := func(press bool) pipeline.Time {
		d, r := newTestDemux(t, DemuxConfig{Lateness: 10 * time.Second}), newReading()
		d.Press(press)
		now := pipeline.TimeOf(demuxDay)
		d.Add("1", now, []parse.Record{from("quiet", "/a.log", nginxAt(0))})
		for i := range 2 * claimPressed {
			d.Add(strconv.Itoa(i+2), now, []parse.Record{from("busy", "/a.log", nginxAt(0))})
		}
		r.take(d, -1)
		return r.claims["carrier/quiet:/a.log"]
	}
	if got := claim(false); got != 0 {
		t.Errorf("without need: claimed up to %v, want nothing", got)
	}
	if got, want := claim(true), pipeline.TimeOf(demuxDay.Add(10*time.Second)); got != want {
		t.Errorf("pressed: claimed up to %v, want %v, the lateness included", got, want)
	}
}
