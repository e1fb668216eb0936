package engine_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"the first is the second of the first event", `
			a: 10.5 => tick 10, 10.5 a opened, 10.5 a1
			a: 10.9 => 10.9 a2
			a: 13 => tick 11, tick 12, tick 13, 13 a3`},
		{"time goes on with the claims of all", `
			expect: b =>
			a: 10 =>
			b: 10.2 =15 => tick 10, 10 a opened, 10 a1
			a: =14.5 => 10.2 b opened, 10.2 b1, tick 11, tick 12
			b: ended =>
			a: =16 => tick 13, 13 b ended, tick 14`},
		{"a repeated claim is nothing", `
			a: 10 =14 => tick 10, 10 a opened, 10 a1, tick 11, tick 12
			a: =14 =>
			a: =13 =>`},
		{"at the end time stops at the last event", `
			a: 10 ended => tick 10, 10 a opened, 10 a1, 10 a ended`},
	} {
		t.Run(c.name, func(t *testing.T) { script(t, true, c.text) })
	}
}

// A signaller sends two signals at each tick, and one more while it observes if it is told to.
type signaller struct {
	recorder
	name  string
	wrong bool
}

func (s *signaller) Observe(e *pipeline.Event, r pipeline.Report) {
	if s.wrong {
		r.Signal(pipeline.Signal{Name: "wrong"})
	}
	s.recorder.Observe(e, r)
}

func (s *signaller) Advance(_ pipeline.Time, r pipeline.Report) {
	r.Signal(pipeline.Signal{Name: "woke", Key: s.name, Count: 1})
	r.Signal(pipeline.Signal{Name: "posts", Count: 5})
}

func TestSignals(t *testing.T) {
	listener, one, two := &recorder{}, &signaller{name: "z"}, &signaller{name: "b"}
	e := engine.New(engine.Config{Detectors: []engine.Registered{
		{Spec: pipeline.Spec{Name: "one", Space: pipeline.SpaceSite}, Detector: one},
		{Spec: pipeline.Spec{Name: "listener", Space: pipeline.SpaceInstance}, Detector: listener},
		{Spec: pipeline.Spec{Name: "two", Space: pipeline.SpaceNetwork}, Detector: two},
	}})
	f := feed(e)
	f.batch("a", "10.5 ?")
	diff(t, listener.take(), []string{"10 posts()=10", "10 woke(b)=1", "10 woke(z)=1", "10.5 a opened", "10.5 a1", "10.5 a2 rejected"})
	diff(t, one.take(), []string{"10.5 a1"})
	ev := event("10.6", 3)
	ev.Spaces = pipeline.SpaceNetwork
	e.Process(&pipeline.Batch{Stream: "a", Events: []pipeline.Event{ev}})
	diff(t, [][]string{one.take(), two.take(), listener.take()}, [][]string{nil, {"10.5 a1", "10.6 a3"}, nil})
	defer func() {
		if got := fmt.Sprint(recover()); got != "BUG: one sent signal wrong outside Advance" {
			t.Errorf("got %q, want the bug named", got)
		}
	}()
	one.wrong = true
	f.seqs["a"] = 3
	f.batch("a", "11.5")
}

// What a detector finds is sorted by detector, whatever the order of registration.
func TestFindingsAreSorted(t *testing.T) {
	run := func(names ...string) string {
		s := newStage(t)
		c := engine.Config{Instance: "x"}
		for _, n := range names {
			c.Detectors = append(c.Detectors, engine.Registered{Detector: s, Spec: pipeline.Spec{Name: n, Space: pipeline.SpaceSite}})
		}
		s.e = engine.New(c)
		a, b := about("b", 1), about("a", 1)
		a.Key.Type, b.Key.Type = pipeline.EntityPath, pipeline.EntityPath
		s.find(1, a, b)
		var out []string
		for _, a := range s.alerts {
			out = append(out, a.Detector+" "+a.Entity.Value+" "+string(a.Threat))
		}
		return strings.Join(out, ", ")
	}
	want := "flood a health, flood b health, spam a health, spam b health"
	diff(t, run("flood", "spam"), want)
	diff(t, run("spam", "flood"), want)
}

func TestAhead(t *testing.T) {
	e := engine.New(engine.Config{Memory: 8 * 10_000})
	e.Expect([]pipeline.StreamID{"b"})
	f := feed(e)
	f.batch("a", "10")
	diff(t, []bool{e.Ahead("a"), e.Ahead("b"), e.Ahead("nobody")}, []bool{false, false, false})
	f.batch("a", strings.Repeat(" 11", 20))
	diff(t, []bool{e.Ahead("a"), e.Ahead("b")}, []bool{true, false})
	f.batch("b", "=30")
	diff(t, e.Ahead("a"), false)
	f.batch("a", "=40")
	diff(t, e.Stats().Held, 0)
}

// Every string of a held event is cloned: a source's buffer is gone when it is applied.
func TestHeldEventsAreCloned(t *testing.T) {
	var held pipeline.Event
	w := &witness{}
	e := engine.New(engine.Config{Detectors: []engine.Registered{{Spec: pipeline.Spec{Name: "w", Space: everything}, Detector: w}}})
	e.Expect([]pipeline.StreamID{"b"})
	ev := pipeline.Event{Kind: pipeline.KindRequest, Time: at(10), Seq: 1}
	n := fill(reflect.ValueOf(&ev).Elem(), 0)
	if n < 20 {
		t.Fatalf("got %d strings in an event, want all", n)
	}
	held = ev
	e.Process(&pipeline.Batch{Stream: "a", Events: []pipeline.Event{ev}, Lateness: time.Second})
	e.Process(&pipeline.Batch{Stream: "b", CaughtUp: at(20)})
	held.Stream = "a"
	if fmt.Sprint(w.seen) != fmt.Sprint(held) {
		t.Errorf("got %+v, want %+v", w.seen, held)
	}
	if shared := shares(reflect.ValueOf(w.seen), reflect.ValueOf(ev)); shared != "" {
		t.Errorf("%s of a held event is not cloned", shared)
	}
}

// A witness keeps the last request it saw.
type witness struct {
	recorder
	seen pipeline.Event
}

func (w *witness) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind == pipeline.KindRequest {
		w.seen = *e
	}
}

// fill gives each string in v but Stream a value of its own, and returns how many there are.
func fill(v reflect.Value, n int) int {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.String && v.Type().Field(i).Name != "Stream":
			n++
			f.SetString(strings.Repeat("x", n))
		case f.Kind() == reflect.Struct && f.CanSet() && f.Type().PkgPath() == v.Type().PkgPath():
			n = fill(f, n)
		}
	}
	return n
}

// shares names a string that lies at the same place in both.
func shares(a, b reflect.Value) string {
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		switch f := a.Field(i); {
		case f.Kind() == reflect.String && name != "Stream" && f.Len() > 0:
			if stringAt(f.String()) == stringAt(b.Field(i).String()) {
				return name
			}
		case f.Kind() == reflect.Struct && f.Type().PkgPath() == a.Type().PkgPath():
			if s := shares(f, b.Field(i)); s != "" {
				return s
			}
		}
	}
	return ""
}

func stringAt(s string) *byte { return unsafe.StringData(s) }
