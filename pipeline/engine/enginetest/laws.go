package enginetest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// Laws runs streams in many schedules that come from seed, and returns an error that names the law which
// the first differing alert breaks. build returns a new engine with new detectors each time; everyTick is
// engine.Config.EveryTick. The streams may hold events that are late, out of order or far ahead; but fewer
// than 64 late ones in a row, and no Lost, since those depend on when they are claimed.
func Laws(build func(everyTick bool) *engine.Engine, streams []Stream, seed uint64) error {
	seldom := func() *engine.Engine { return build(false) }
	want, err := Run(seldom, streams, Schedule{})
	if err != nil {
		return fmt.Errorf("the plain run: %w", err)
	}
	for _, law := range laws(seed) {
		b := seldom
		if law.everyTick {
			b = func() *engine.Engine { return build(true) }
		}
		got, err := Run(b, streams, law.schedule)
		if err == nil {
			err = Compare(got, want, !law.schedule.Claims)
		}
		if err != nil {
			return fmt.Errorf("law %s, seed %d: %w", law.name, seed, err)
		}
	}
	return nil
}

type law struct {
	name      string
	everyTick bool
	schedule  Schedule
}

func laws(seed uint64) []law {
	return []law{
		{name: "cuts", schedule: Schedule{Seed: seed, Cut: 1000}},
		{name: "cuts", schedule: Schedule{Seed: seed, Cut: 7}},
		{name: "interleaving", schedule: Schedule{Seed: seed, Cut: 5, Interleave: true}},
		{name: "claims", schedule: Schedule{Seed: seed, Cut: 3, Claims: true}},
		{name: "restore", schedule: Schedule{Seed: seed, Cut: 9, Restore: 3}},
		{name: "restore, interleaved", schedule: Schedule{Seed: seed, Cut: 40, Restore: 4, Interleave: true}},
		{name: "skipped seconds", everyTick: true, schedule: Schedule{Seed: seed}},
		{name: "skipped seconds, restored", everyTick: true, schedule: Schedule{Seed: seed, Cut: 20, Restore: 5}},
		{name: "schedule", schedule: Schedule{}},
		{name: "all together", schedule: Schedule{Seed: seed, Cut: 30, Interleave: true, Claims: true, Restore: 6}},
	}
}

// Compare returns an error that shows the first difference: of the alerts, of the counts, and of the
// snapshots if they are to be the same.
func Compare(got, want Result, snapshots bool) error {
	g, w := bytes.Split(got.Lines, []byte("\n")), bytes.Split(want.Lines, []byte("\n"))
	for i := range max(len(g), len(w)) {
		a, b := at(g, i), at(w, i)
		if !bytes.Equal(a, b) {
			return fmt.Errorf("alert %d:\n got %s\nwant %s", i, a, b)
		}
	}
	for i, m := range want.Marks {
		if n := plain(got.Marks[i]); n != plain(m) {
			return fmt.Errorf("mark of %s:\n got %+v\nwant %+v", m.Stream, n, plain(m))
		}
	}
	if snapshots && !bytes.Equal(got.Snapshots, want.Snapshots) {
		return errors.New("the snapshots differ: " + difference(got.Snapshots, want.Snapshots))
	}
	return nil
}

func at(lines [][]byte, i int) []byte {
	if i < len(lines) {
		return lines[i]
	}
	return nil
}

// plain is m without what depends on the cut.
func plain(m pipeline.StreamMark) pipeline.StreamMark {
	m.Cursor, m.From = "", 0
	return m
}

func difference(got, want []byte) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(i-80, 0)
	return fmt.Sprintf("at byte %d\n got %q\nwant %q", i, got[from:min(i+80, len(got))], want[from:min(i+80, len(want))])
}
