package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// script runs lines of "stream: what" and compares what a detector was told after each line.
func script(t *testing.T, ticks bool, text string) {
	t.Helper()
	e, r := recording(ticks)
	f := feed(e)
	var got, want []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimSpace(line)
		in, out, _ := strings.Cut(line, "=>")
		stream, words, _ := strings.Cut(in, ":")
		if stream == "expect" {
			e.Expect([]pipeline.StreamID{pipeline.StreamID(strings.TrimSpace(words))})
		} else {
			f.batch(stream, words)
		}
		in = strings.TrimSpace(in)
		got = append(got, in+" => "+strings.Join(r.take(), ", "))
		want = append(want, in+" => "+strings.TrimSpace(out))
	}
	diff(t, got, want)
}

func TestOrder(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"one stream goes through", `
			a: 10 11 11.5 => 10 a opened, 10 a1, 11 a2, 11.5 a3`},
		{"within lateness at the newest time, later not at all", `
			a: 10 => 10 a opened, 10 a1
			a: 9 8 7.9 10 => 10 a2, 10 a3, 10 a late 2.1s, 10 a5`},
		{"a claim moves the watermark to t - lateness", `
			a: 10 => 10 a opened, 10 a1
			a: =20 =>
			a: 17 15.9 => 18 a2, 18 a late 2.1s`},
		{"a rejected line has its stream's time", `
			a: 10 ? 12 ? => 10 a opened, 10 a1, 10 a2 rejected, 12 a3, 12 a4 rejected`},
		{"and waits for the first", `
			a: ? ? =>
			a: 10 => 10 a opened, 10 a1 rejected, 10 a2 rejected, 10 a3`},
		{"the slower stream holds back the faster", `
			expect: b =>
			a: 10 11 12 =>
			b: 11 => 10 a opened, 10 a1, 11 a2, 11 b opened, 11 b1
			b: 12 => 12 a3
			a: 13 => 12 b2`},
		{"equal times by stream, then by order in it", `
			expect: a =>
			b: 10 10 =>
			a: 10 10 11 => 10 a opened, 10 a1, 10 a2, 10 b opened, 10 b1, 10 b2
			b: 11 11 => 11 a3
			a: 12 => 11 b3, 11 b4`},
		{"a claim lets the others go", `
			expect: b =>
			a: 10 11 =>
			b: =13 => 10 a opened, 10 a1, 11 a2
			a: 11 12 => 11 a3, 11 b opened`},
		{"a new stream joins at the engine's time", `
			a: 100 => 100 a opened, 100 a1
			b: 99 97 =>
			a: 101 => 100 b opened, 100 b1, 100 b late 3s
			b: 105 => 101 a2`},
		{"an ended stream leaves once it is drained", `
			expect: b =>
			a: 10 12 ended =>
			b: 11 => 10 a opened, 10 a1, 11 b opened, 11 b1
			b: 14 => 12 a2, 12 a ended, 14 b2`},
		{"what is lost is told before what follows, in the stream's order", `
			a: 10 =12 => 10 a opened, 10 a1
			a: g7 11 => 10 a gap 7 truncated, 11 a2`},
		{"a lost stream leaves, is late, and joins again", `
			expect: a =>
			b: 10 =>
			a: 11 20 => 10 b opened, 10 b1
			b: lost => 10 b lost, 11 a opened, 11 a1, 20 a2
			b: 21 5 => 20 b late, 20 b late 5s
			b: =25 =>
			a: 24 => 20 b rejoined
			b: 23.5 24.5 => 23.5 b4, 24 a3`},
		{"a stream that ended can open again", `
			a: 10 ended => 10 a opened, 10 a1, 10 a ended
			b: 20 => 10 b opened, 20 b1
			a: open 30 19 => 20 a opened
			b: 25 => 25 b2
			b: 31 => 30 a2, 30 a late 11s`},
		{"a file without any time is told at that of the others", `
			expect: b =>
			a: ? ? ended =>
			b: 10 10.5 ended => 10 b opened, 10 a opened, 10 a1 rejected, 10 a2 rejected, 10 a ended, 10 b1, 10.5 b2, 10.5 b ended`},
	} {
		t.Run(c.name, func(t *testing.T) { script(t, false, c.text) })
	}
}

func TestLeap(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"a jump back is no leap", `
			a: 9000 10 => 9000 a opened, 9000 a1, 9000 a late 2h29m50s`},
		{"a second stamp confirms it", `
			a: 10 => 10 a opened, 10 a1
			a: 9000 =>
			a: 8999 => 9000 a2, 9000 a3`},
		{"the next near the watermark refutes it", `
			a: 10 9000 => 10 a opened, 10 a1
			a: 11 => 10 a leap 2h29m50s, 11 a3`},
		{"of two that disagree the lower is believed", `
			a: 10 900000 => 10 a opened, 10 a1
			a: 9000 => 10 a leap 249h59m50s
			a: 9001 => 9000 a3, 9001 a4`},
		{"a higher one confirms, and is a leap itself", `
			a: 10 9000 900000 => 10 a opened, 10 a1, 9000 a2
			a: 9001 => 9000 a leap 247h30m0s, 9001 a4`},
		{"a claim confirms it when it is that late", `
			a: 10 9000 => 10 a opened, 10 a1
			a: =8997 =>
			a: =8998 => 9000 a2`},
		{"an earlier claim moves the watermark only", `
			expect: b =>
			a: 10 9000 =>
			b: 50 => 10 a opened, 10 a1
			a: =42 =>
			b: 51 =>
			a: 41 => 40 a leap 2h29m20s, 41 a3`},
		{"lines without a stamp wait behind it", `
			a: 10 9000 ? ? => 10 a opened, 10 a1
			a: 9001 => 9000 a2, 9000 a3 rejected, 9000 a4 rejected, 9001 a5`},
		{"the end applies it", `
			a: 10 9000 ? ended => 10 a opened, 10 a1, 9000 a2, 9000 a3 rejected, 9000 a ended`},
		{"a loss does not", `
			a: 10 9000 ? lost => 10 a opened, 10 a1, 10 a leap 2h29m50s, 10 a3 rejected, 10 a lost`},
		{"the first stamp of all is believed", `
			a: 9000 => 9000 a opened, 9000 a1`},
	} {
		t.Run(c.name, func(t *testing.T) { script(t, false, c.text) })
	}
}

func TestUndecidedAreBounded(t *testing.T) {
	e, r := recording(false)
	f := feed(e)
	f.batch("a", "10 9000"+strings.Repeat(" ?", 63))
	diff(t, len(r.take()), 2)
	f.batch("a", "?")
	diff(t, len(r.take()), 65) // the leap, and 64 rejected
}

func TestUntimedAreBounded(t *testing.T) {
	e, r := recording(false)
	f := feed(e)
	f.batch("a", strings.Repeat(" ?", 5000))
	diff(t, e.Stats().Streams[0].Held, 1024)
	f.batch("a", "10")
	diff(t, len(r.take()), 1025) // opened and 1023 rejected, and the event
	m := e.Marks()[0]
	diff(t, []uint64{m.Rejected, m.Events, m.Lines}, []uint64{5000, 1, 5001})
}

func TestRebase(t *testing.T) {
	e, r := recording(false)
	f := feed(e)
	f.batch("a", "1000 =1000")
	r.take()
	for i := range 64 { // an hour behind, read live
		f.batch("a", fmt.Sprintf("%d =%d", 1000-3600+i, 1001+i))
	}
	diff(t, r.take()[61:], []string{"1059 a late 59m58s", "1060 a late 59m58s", "1061 a late 59m58s", "1061 a rebased 1h0m0s"})
	f.batch("a", "-2536 -2535.5 -2537 =1064")
	diff(t, r.take(), []string{"1064 a66", "1064.5 a67", "1064.5 a68"})
	f.batch("a", "1066 1067") // the clock was set
	diff(t, r.take(), []string{"1064.5 a rebased", "1066 a69", "1067 a70"})
	m := e.Marks()[0]
	diff(t, []uint64{m.Lines, m.Events, m.Late}, []uint64{70, 6, 64})
}

// One event in time shows that the clock is right, however many are late.
func TestNoRebase(t *testing.T) {
	e, r := recording(false)
	f := feed(e)
	f.batch("a", "1000 =1000"+strings.Repeat(" 10", 63)+" 1000"+strings.Repeat(" 10", 63))
	f.batch("a", strings.Repeat(" 10", 63)+" 1000"+strings.Repeat(" 10", 63))
	if log := strings.Join(r.take(), ", "); strings.Contains(log, "rebased") {
		t.Errorf("got %s, want no rebase", log)
	}
}

// A log of local time east of UTC is hours ahead of its source's clock.
func TestClockAhead(t *testing.T) {
	e, r := recording(false)
	f := feed(e)
	e.Expect([]pipeline.StreamID{"a", "b"})
	f.batch("a", "10 =11")
	f.batch("b", "7211 7212 =12.5")
	diff(t, r.take(), []string{"10 a opened", "10 a1"})
	f.batch("a", "14")
	diff(t, r.take(), []string{"11.5 b rebased -1h59m59.5s", "11.5 b opened", "11.5 b1", "12.5 b2"})
	f.batch("b", "7215.5 =16")
	diff(t, r.take(), []string{"14 a2"})
	f.batch("b", "17 18 7220") // the clock was set
	f.batch("a", "30")
	diff(t, r.take(), []string{"16 b3", "16 b rebased", "17 b4", "18 b5"})
}

func TestStats(t *testing.T) {
	e, _ := recording(false)
	f := feed(e)
	e.Expect([]pipeline.StreamID{"b"})
	f.batch("a", "10 11 ? s3")
	st := e.Stats()
	diff(t, []int{st.Streams[0].Held, st.Streams[1].Held}, []int{4, 0})
	diff(t, e.Behind(), []pipeline.StreamID{"b"})
	if st.Held <= 0 || st.Held != st.Streams[0].HeldBytes {
		t.Errorf("got %d held bytes, %d of the stream; want the same and more than none", st.Held, st.Streams[0].HeldBytes)
	}
	diff(t, e.Marks()[0], pipeline.StreamMark{Stream: "a"})
	f.batch("b", "=20")
	diff(t, e.Marks()[0], pipeline.StreamMark{Stream: "a", Cursor: "3", From: 3, Seq: 3, Lines: 6, Events: 2, Rejected: 1, Skipped: 3, Last: at(11)})
	diff(t, e.Behind(), []pipeline.StreamID{"a"})
	diff(t, e.Now(), at(11))
	f.batch("a", "=30")
	diff(t, e.Behind(), []pipeline.StreamID{"b", "a"})
	diff(t, e.Now(), at(18))
	diff(t, e.Stats().Held, 0)
}
