package engine_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/engine/enginetest"
)

// saved returns the parts of e as they are loaded.
func saved(t testing.TB, e *engine.Engine) []pipeline.Part {
	t.Helper()
	var parts []pipeline.Part
	for _, p := range e.Parts() {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, pipeline.Part{Name: p.Name, Version: p.Version, Data: b.Bytes()})
	}
	return parts
}

func restore(t testing.TB, to, from *engine.Engine) {
	t.Helper()
	for _, p := range saved(t, from) {
		if err := to.RestorePart(p); err != nil {
			t.Fatal(err)
		}
	}
	to.SetMarks(from.Marks())
}

func TestPartNames(t *testing.T) {
	var names []string
	for _, p := range small(false).Parts() {
		names = append(names, p.Name)
	}
	diff(t, names, []string{"engine", "identity", "slow_flood", "fast_flood", "total"})
}

func TestRestoreErrors(t *testing.T) {
	f := func(name string, version uint32, data, want string) {
		t.Helper()
		e := small(false)
		err := e.RestorePart(pipeline.Part{Name: name, Version: version, Data: []byte(data)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
		for i, p := range saved(t, e) {
			diff(t, string(p.Data), string(saved(t, small(false))[i].Data))
		}
	}
	f("nobody", 1, "", "restore nobody: there is no such part")
	f("engine", 2, "", "restore engine: layout 2 is not read, only 1")
	f("engine", 1, "", "restore engine: EOF")
	f("engine", 1, `{"Streams":1}`, "restore engine: EOF")
	f("engine", 1, `{"Streams":-1}{}`, "restore engine: more than it says")
	f("engine", 1, `{"Now":"x"}`, "restore engine: json")
	f("engine", 1, `{"Episodes":1} null`, "restore engine: an episode without")
	f("engine", 1, `{"Streams":1} {}`, "restore engine: a stream without")
	f("total", 1, "x", "restore total: invalid")
}

// A restored stream that this run does not have holds nobody back.
func TestGoneStream(t *testing.T) {
	old, _ := recording(false)
	f := feed(old)
	f.batch("a", "10")
	f.batch("b", "10")
	e, r := recording(false)
	restore(t, e, old)
	e.Expect([]pipeline.StreamID{"b"})
	g := feed(e)
	g.seqs["b"] = 1
	g.batch("b", "open 50")
	diff(t, r.take(), []string{"10 b opened", "50 b2"})
	diff(t, len(e.Marks()), 2)
}

// Without the engine's own part, the marks alone keep events from being counted twice.
func TestMarksAlone(t *testing.T) {
	old, _ := recording(false)
	feed(old).batch("a", "10 11 12")
	e, r := recording(false)
	e.SetMarks(old.Marks())
	feed(e).batch("a", "10 11 12 13")
	diff(t, r.take(), []string{"13 a opened", "13 a4"})
	diff(t, e.Marks()[0].Lines, 4)
}

// Reading again from an earlier place, cut otherwise, counts no line twice.
func TestReadingAgain(t *testing.T) {
	old, _ := recording(false)
	old.Expect([]pipeline.StreamID{"a", "b"})
	f := feed(old)
	f.batch("b", "11")
	lines := func(seq uint64, n uint32, sec float64) pipeline.Event {
		return pipeline.Event{Kind: pipeline.KindRequest, Seq: seq, Lines: n, Time: at(sec)}
	}
	old.Process(&pipeline.Batch{Stream: "a", Opened: true, Events: []pipeline.Event{lines(1, 1, 10), lines(2, 3, 10.5), lines(3, 1, 20)}, Cursor: "end", LostLines: 7})
	mark := pipeline.StreamMark{Stream: "a", Seq: 2, Lines: 4, Events: 2, Skipped: 2, Lost: 7, Last: at(10.5)} // lost before the events
	diff(t, old.Marks()[0], mark)

	e, _ := recording(false)
	restore(t, e, old)
	e.Expect([]pipeline.StreamID{"a", "b"})
	e.Process(&pipeline.Batch{Stream: "a", Opened: true, Events: []pipeline.Event{lines(1, 1, 10)}, Skipped: 2, Cursor: "one", LostLines: 7})
	mark.Cursor, mark.From = "one", 1
	diff(t, e.Marks()[0], mark)
	e.Process(&pipeline.Batch{Stream: "a", Events: []pipeline.Event{lines(2, 1, 10.5)}, Skipped: 5, Cursor: "two"})
	mark.Cursor, mark.From, mark.Lines, mark.Skipped = "two", 2, 9, 7
	diff(t, e.Marks()[0], mark)
}

func FuzzRestore(f *testing.F) {
	e := small(false)
	step := func(sec float64, host string) enginetest.Step {
		return enginetest.Step{Event: &pipeline.Event{Kind: pipeline.KindRequest, Time: at(sec), KeyHost: host}}
	}
	var steps []enginetest.Step
	for i := range 30 {
		steps = append(steps, step(float64(i)/4, "a.example"))
	}
	for i := range 30 { // a campaign of six addresses
		st := step(8+float64(i)/30, fmt.Sprint(i%6, ".example"))
		st.Event.IP = netip.AddrFrom4([4]byte{192, 0, 2, byte(i % 6)})
		steps = append(steps, st)
	}
	steps = append(steps, step(13, "a.example")) // nothing was proven until then
	if _, err := enginetest.Run(func() *engine.Engine { return e }, []enginetest.Stream{{ID: "a", Steps: steps}}, enginetest.Schedule{}); err != nil {
		f.Fatal(err)
	}
	if !bytes.Contains(saved(f, e)[0].Data, []byte(`"Grouped":true`)) {
		f.Fatal("there is no campaign to restore")
	}
	f.Add(saved(f, e)[0].Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		e := small(false)
		if err := e.RestorePart(pipeline.Part{Name: "engine", Version: 1, Data: data}); err != nil {
			return
		}
		for i := range 3 { // what can be read can be run and written
			e.Process(&pipeline.Batch{Stream: "a", Events: []pipeline.Event{{Kind: pipeline.KindRequest, Time: e.Now() + 1, Seq: uint64(i) + 1, KeyHost: "a.example"}}})
		}
		saved(t, e)
	})
}

// A stream that was lost stays lost across a restart, and joins again with its next claim.
func TestLostAcrossRestart(t *testing.T) {
	old, _ := recording(false)
	f := feed(old)
	f.batch("a", "10 lost")
	e, r := recording(false)
	restore(t, e, old)
	e.Expect([]pipeline.StreamID{"a", "b"})
	g := feed(e)
	g.seqs["a"] = 1
	g.batch("b", "20")
	diff(t, r.take(), []string{"10 b opened", "20 b1"})
	g.batch("a", "open 21")
	g.batch("a", "=25")
	g.batch("b", "24")
	diff(t, r.take(), []string{"20 a late", "20 a rejoined"})
	g.batch("a", "26")
	diff(t, r.take(), []string{"24 b2"})
}

// A stream that was not there while time went on joins at the engine's time.
func TestAbsentForARun(t *testing.T) {
	for _, expected := range [][]pipeline.StreamID{{"b"}, nil} {
		absentForARun(t, expected)
	}
}

// absentForARun opens a, not a, and a again; expected is what the second run expects, nil if it does not say.
func absentForARun(t *testing.T, expected []pipeline.StreamID) {
	t.Helper()
	first, _ := recording(false)
	f := feed(first)
	f.batch("a", "10")
	second, _ := recording(false)
	restore(t, second, first)
	if expected != nil {
		second.Expect(expected)
	}
	feed(second).batch("b", "500")
	third, r := recording(false)
	restore(t, third, second)
	third.Expect([]pipeline.StreamID{"a", "b"})
	g := feed(third)
	g.seqs["a"] = 1
	g.batch("a", "open 11 501")
	g.seqs["b"] = 1
	g.batch("b", "open 502")
	diff(t, r.take(), []string{"500 a late 8m9s", "501 a3"})
}
