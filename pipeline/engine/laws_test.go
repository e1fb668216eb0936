package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
)

// A counter is a small honest detector: it finds a domain that sends several events within some seconds,
// and signals, on ticks, how many events there were.
type counter struct {
	limit int
	State map[pipeline.Domain]*counted
	Sum   uint64
}

type counted struct {
	Times []pipeline.Time
	Seen  uint64
}

const (
	window = 5 * pipeline.Second
	leap   = 100 * pipeline.Second
)

func (c *counter) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindRequest || e.Domain == "" {
		return
	}
	c.Sum++
	k := c.State[e.Domain]
	if k == nil {
		k = &counted{}
		c.State[pipeline.Domain([]byte(e.Domain))] = k
	}
	k.Seen++
	k.Times = append(k.Times, e.Time)
	for len(k.Times) > 0 && k.Times[0] <= e.Time-window {
		k.Times = k.Times[1:]
	}
	if len(k.Times) >= c.limit {
		r.Find(pipeline.Finding{
			Key:   pipeline.Entity{Type: pipeline.EntityDomain, Value: string(e.Domain)},
			Until: e.Time + window, Since: k.Times[0], Severity: pipeline.Severity(min(1+len(k.Times)/c.limit, 4)),
			Measure: pipeline.Measure{Name: "requests", Value: float64(len(k.Times)), Threshold: float64(c.limit), Window: "5s"},
			Summary: "flood from %s",
			Evidence: pipeline.Proof{
				Window: uint64(len(k.Times)), Seen: k.Seen, Part: pipeline.Claimed,
				Addresses: []pipeline.Share{{Addr: e.IP, Count: uint64(len(k.Times))}},
				Samples:   []pipeline.Sample{{Source: pipeline.FormatNginx, At: pipeline.Stamp{Time: e.Time, Digits: e.Digits}, Line: e.Path}},
			},
			Related: pipeline.Related{Actors: []string{string(e.Actor)}},
		})
	}
}

func (c *counter) Advance(now pipeline.Time, r pipeline.Report) {
	names := []pipeline.Domain{}
	for name, k := range c.State {
		if k.Times[len(k.Times)-1] <= now-60*pipeline.Second {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		delete(c.State, name)
		r.Signal(pipeline.Signal{Name: "quiet", Key: string(name[:1]), Count: 1})
	}
	if c.Sum > 0 {
		r.Signal(pipeline.Signal{Name: "sum", Count: c.Sum})
		c.Sum = 0
	}
}

func (c *counter) Due(now pipeline.Time) pipeline.Time {
	if c.Sum > 0 {
		return now + pipeline.Second
	}
	due := pipeline.Time(0)
	for _, k := range c.State {
		if d := max((k.Times[len(k.Times)-1] + 60*pipeline.Second).Ceil(), now+pipeline.Second); due == 0 || d < due {
			due = d
		}
	}
	return due
}

func (c *counter) Snapshot(w io.Writer) error { return json.NewEncoder(w).Encode(c) }
func (c *counter) Restore(r io.Reader) error {
	*c = counter{limit: c.limit}
	return json.NewDecoder(r).Decode(c)
}

// A total is an instance detector, with findings of signals, facts and rejected lines.
type total struct {
	Sum, Rejected uint64
}

func (d *total) Observe(e *pipeline.Event, r pipeline.Report) {
	f := pipeline.Finding{Until: e.Time + 2*pipeline.Second, Severity: pipeline.SeverityMedium, Summary: "much at %s"}
	switch e.Kind {
	case pipeline.KindSignal:
		d.Sum += e.Signal.Count
		if e.Signal.Name == "quiet" || e.Signal.Count < 3 {
			return
		}
		f.Key, f.Measure.Value = pipeline.Entity{Type: pipeline.EntityInstance}, float64(d.Sum)
		f.Members = []pipeline.Entity{{Type: pipeline.EntityDomain, Value: fmt.Sprintf("%c.example", 'a'+d.Sum%3)}, {Type: pipeline.EntityIP, Value: "192.0.2.0"}}
	case pipeline.KindStream:
		f.Key = pipeline.Entity{Type: pipeline.EntitySource, Value: fmt.Sprint(e.Stream, " ", e.Fact.State)}
	case pipeline.KindRejected:
		d.Rejected++
		f.Key, f.Evidence.Seen = pipeline.Entity{Type: pipeline.EntitySource, Value: string(e.Stream)}, d.Rejected
	default:
		return
	}
	r.Find(f)
}
func (d *total) Advance(pipeline.Time, pipeline.Report) {}
func (d *total) Due(pipeline.Time) pipeline.Time        { return 0 }
func (d *total) Snapshot(w io.Writer) error             { return json.NewEncoder(w).Encode(d) }
func (d *total) Restore(r io.Reader) error              { *d = total{}; return json.NewDecoder(r).Decode(d) }

// A notary is an Identifier that proves a domain once it has seen enough of its events.
type notary struct {
	Seen map[pipeline.Domain]int
}

func (n *notary) Enrich(e *pipeline.Event) {
	e.Domain = pipeline.Domain(e.KeyHost)
	if e.Domain != "" {
		e.Actor = pipeline.Actor("https://" + e.KeyHost + "/u")
		n.Seen[pipeline.Domain([]byte(e.Domain))]++
	}
}
func (n *notary) Level(f *pipeline.Finding, _ pipeline.Time) pipeline.Attribution {
	if n.Seen[pipeline.Domain(f.Key.Value)] >= 12 {
		return pipeline.Corroborated
	}
	return pipeline.Claimed
}
func (n *notary) Home(e pipeline.Entity) (pipeline.Domain, pipeline.Site) {
	return pipeline.Domain(e.Value), "example"
}
func (n *notary) Provable(f *pipeline.Finding) bool { return f.Key.Value != "c.example" }
func (n *notary) Advance(pipeline.Time)             {}
func (n *notary) Due(pipeline.Time) pipeline.Time   { return 0 }
func (n *notary) Snapshot(w io.Writer) error        { return json.NewEncoder(w).Encode(n.Seen) }
func (n *notary) Restore(r io.Reader) error {
	n.Seen = map[pipeline.Domain]int{}
	return json.NewDecoder(r).Decode(&n.Seen)
}

func small(everyTick bool) *engine.Engine {
	reg := func(name string, space pipeline.KeySpaces, d pipeline.Detector) engine.Registered {
		return engine.Registered{Spec: pipeline.Spec{Name: name, Space: space, Quiet: 20, Threat: pipeline.ThreatDoS}, Detector: d}
	}
	return engine.New(engine.Config{
		Instance: "social.example", Identifier: &notary{Seen: map[pipeline.Domain]int{}}, EveryTick: everyTick, MaxLeap: time.Duration(leap),
		Detectors: []engine.Registered{
			reg("slow_flood", pipeline.SpaceSite, &counter{limit: 5, State: map[pipeline.Domain]*counted{}}),
			reg("fast_flood", pipeline.SpaceSite, &counter{limit: 3, State: map[pipeline.Domain]*counted{}}),
			reg("total", pipeline.SpaceInstance, &total{}),
		},
	})
}

// streams draws some streams with all that can be wrong with them, but what depends on claims.
func streams(t *rapid.T) []enginetest.Stream {
	var out []enginetest.Stream
	for i := range rapid.IntRange(1, 3).Draw(t, "streams") {
		s := enginetest.Stream{ID: pipeline.StreamID('a' + rune(i)), Lateness: 2 * time.Second}
		now, late := at(float64(rapid.IntRange(0, 20).Draw(t, "start"))), 0
		rubbish := 0 // one stamp, since a second would agree, and no first, which is believed
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			st := step(t, &now, &rubbish)
			if st.Event != nil && st.Event.Time != 0 && st.Event.Time < now-2*pipeline.Second {
				if late++; late == 60 {
					continue
				}
			} else if st.Event != nil {
				late = 0
			}
			s.Steps = append(s.Steps, st)
		}
		if rapid.Bool().Draw(t, "ended") {
			s.Steps = append(s.Steps, enginetest.Step{Ended: true})
		}
		out = append(out, s)
	}
	return out
}

func step(t *rapid.T, now *pipeline.Time, rubbish *int) enginetest.Step {
	gap := rapid.IntRange(0, 1500).Draw(t, "gap")
	kind := rapid.IntRange(0, 40).Draw(t, "kind")
	*now += pipeline.Time(gap) * pipeline.Time(time.Millisecond)
	ev := pipeline.Event{Kind: pipeline.KindRequest, Time: *now, Digits: 3, Lines: uint32(gap % 3)}
	ev.KeyHost = []string{"a.example", "b.example", "c.example"}[gap%3]
	ev.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(kind % 5)})
	ev.Path = fmt.Sprint("/inbox/", gap)
	switch kind {
	case 0:
		ev.Kind = pipeline.KindRejected
	case 1:
		ev.Time = 0
	case 2, 3, 4:
		ev.Time -= pipeline.Time(gap) * pipeline.Time(2*time.Millisecond) // out of order
	case 5:
		ev.Time -= 10 * pipeline.Second // late
	case 6:
		*now += pipeline.Time(gap) * pipeline.Second / 20 // a quiet time
		ev.Time = *now
	case 7:
		if *rubbish == 1 {
			*rubbish = 2
			ev.Time += 9 * leap
		}
	case 8:
		*now += 2 * leap
		ev.Time = *now
	case 9:
		return enginetest.Step{CaughtUp: *now + pipeline.Second}
	case 10:
		return enginetest.Step{Skipped: uint32(gap)}
	}
	if ev.Time != 0 && ev.Kind != pipeline.KindRejected {
		*rubbish = max(*rubbish, 1)
	}
	return enginetest.Step{Event: &ev}
}

func TestLaws(t *testing.T) {
	listed, grouped := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := streams(t)
		if err := enginetest.Laws(small, s, rapid.Uint64().Draw(t, "seed")); err != nil {
			t.Fatal(err)
		}
		plain, err := enginetest.Run(func() *engine.Engine { return small(false) }, s, enginetest.Schedule{})
		if err != nil {
			t.Fatal(err)
		}
		detectors := map[string]string{}
		for _, a := range plain.Alerts {
			detectors[a.ID] = a.Detector
		}
		for _, a := range plain.Alerts {
			switch {
			case a.Campaign == nil:
			case detectors[*a.Campaign] == a.Detector:
				grouped++
			default:
				listed++
			}
		}
	})
	if listed == 0 || grouped == 0 {
		t.Errorf("got %d transitions of listed members, %d of grouped ones: the laws were not tried on both", listed, grouped)
	}
}

// TestMerge compares the order in which events are applied with what each stream says by itself, sorted.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := streams(t)
		for i := range s {
			s[i].Steps = append(s[i].Steps, enginetest.Step{Ended: true})
		}
		r := &recorder{}
		build := func() *engine.Engine {
			return engine.New(engine.Config{MaxLeap: time.Duration(leap), Detectors: []engine.Registered{{Spec: pipeline.Spec{Name: "r", Space: everything}, Detector: r}}})
		}
		if _, err := enginetest.Run(build, s, enginetest.Schedule{Seed: rapid.Uint64().Draw(t, "seed"), Cut: 9, Interleave: true}); err != nil {
			t.Fatal(err)
		}
		want := oracle(s)
		if !slices.Equal(r.log, want) {
			t.Fatalf("got  %q\nwant %q", r.log, want)
		}
	})
}

type told struct {
	time pipeline.Time
	text string
}

// oracle judges each stream as ALERT and DESIGN say it, with the whole stream before it, and sorts.
func oracle(streams []enginetest.Stream) []string {
	var all []told
	for _, s := range streams {
		all = append(all, alone(s)...)
	}
	slices.SortStableFunc(all, func(a, b told) int { return cmp.Compare(a.time, b.time) })
	n := 0
	for n < len(all) && all[n].time == 0 {
		n++
	}
	if n == len(all) {
		return nil
	}
	for i := range n { // what never had a time comes right after the first thing that has
		all[i].time = all[n].time
	}
	all = slices.Concat(all[n:n+1], all[:n], all[n+1:])
	var out []string
	for _, a := range all {
		out = append(out, secs(a.time)+" "+a.text)
	}
	return out
}

func alone(s enginetest.Stream) []told {
	var items []told
	var mark, lateness = pipeline.Time(0), pipeline.Time(s.Lateness)
	seq, ended := 0, false
	add := func(text string) { items = append(items, told{mark, fmt.Sprint(s.ID, text)}) }
	learn := func(t pipeline.Time) {
		for i := range items {
			if mark == 0 {
				items[i].time = t
			}
		}
		mark = max(mark, t)
	}
	add(" opened")
	for i, st := range s.Steps {
		if ended {
			break
		}
		if st.Event == nil {
			if st.CaughtUp != 0 {
				learn(st.CaughtUp - lateness)
			}
			if st.Ended {
				add(" ended")
				ended = true
			}
			continue
		}
		ev := st.Event
		seq++
		switch {
		case ev.Kind == pipeline.KindRejected:
			add(fmt.Sprint(seq, " rejected"))
		case ev.Time == 0:
			add(fmt.Sprint(seq))
		case mark != 0 && ev.Time > mark+leap && !confirmed(s.Steps[i:], lateness, learn):
			add(fmt.Sprint(" leap ", ev.Time.Sub(mark)))
		case ev.Time < mark-lateness:
			add(fmt.Sprint(" late ", mark.Sub(ev.Time)))
		default:
			learn(ev.Time)
			add(fmt.Sprint(seq))
		}
	}
	return items
}

// confirmed reports whether what follows the leap that steps begin with agrees with it. Claims before that
// is known are learned.
func confirmed(steps []enginetest.Step, lateness pipeline.Time, learn func(pipeline.Time)) bool {
	first := steps[0].Event.Time
	for _, st := range steps[1:] {
		if st.Ended || st.CaughtUp >= first-lateness && st.CaughtUp != 0 {
			return true
		}
		if st.CaughtUp != 0 {
			learn(st.CaughtUp - lateness)
		}
		if st.Event != nil && st.Event.Time != 0 && st.Event.Kind != pipeline.KindRejected {
			return st.Event.Time >= first-lateness
		}
	}
	panic("BUG: no end")
}
