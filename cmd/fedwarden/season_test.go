package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/fedwarden/fedwarden/pipeline/score"
	"github.com/fedwarden/fedwarden/pipeline/simulate"
)

// A season is one server's days on which fedwarden and its rivals are judged.
type season struct {
	family      string
	seed        uint64
	peers, days int
}

// A judged is who was judged, on which logs.
type judged struct{ logs, who string }

// verdicts are the tallies of all that were judged.
type verdicts map[judged]*score.Tally

func (v verdicts) add(o verdicts) {
	for who, t := range o {
		if v[who] == nil {
			v[who] = &score.Tally{}
		}
		v[who].Merge(t)
	}
}

const judgedSelf = "fedwarden"

// judge simulates the season's worlds below dir, one after the other, and judges what is told of them. It
// leaves nothing behind: the logs of a medium server are large.
func (s *season) judge(ctx context.Context, dir string) (verdicts, error) {
	all := verdicts{}
	for i := range seasonWorlds {
		world, err := os.MkdirTemp(dir, "season-*")
		if err != nil {
			return nil, err
		}
		v, err := s.judgeWorld(ctx, &seasonWorlds[i], world)
		if err := errors.Join(err, os.RemoveAll(world)); err != nil {
			return nil, fmt.Errorf("%s %d: %w", s.family, s.seed, err)
		}
		all.add(v)
	}
	return all, nil
}

func (s *season) judgeWorld(ctx context.Context, w *seasonWorld, dir string) (verdicts, error) {
	if err := s.simulate(w, dir); err != nil {
		return nil, err
	}
	truth, err := readFile(filepath.Join(dir, "truth"), nil, score.ReadTruth)
	if err != nil {
		return nil, err
	}
	v := verdicts{}
	for _, set := range w.sets {
		incidents, err := replaySeason(ctx, truth, dir, set.logs)
		if err != nil {
			return nil, err
		}
		v[judged{set.name, judgedSelf}] = score.Judge(truth, incidents, set.logs)
	}
	rivals, err := observeRivals(ctx, nil, []string{"nginx:" + logPath(dir, "nginx")})
	if err != nil {
		return nil, err
	}
	for _, r := range rivals {
		v[judged{w.sets[0].name, r.Name()}] = score.Judge(truth, r.Incidents(), rivalsRead)
	}
	return v, nil
}

func logPath(dir, log string) string { return filepath.Join(dir, log+".log.zst") }

// simulate writes the world's logs, compressed, and its truth.
func (s *season) simulate(w *seasonWorld, dir string) (err error) {
	var files []io.Closer
	defer func() {
		for _, f := range slices.Backward(files) {
			err = errors.Join(err, f.Close())
		}
	}()
	open := func(log string) io.Writer {
		if !w.writes(log) {
			return nil
		}
		f, out, openErr := createLog(logPath(dir, log))
		err = errors.Join(err, openErr)
		files = append(files, f...)
		return out
	}
	truth, createErr := os.Create(filepath.Join(dir, "truth"))
	if createErr != nil {
		return createErr
	}
	files = append(files, truth)
	sinks := simulate.Sinks{Nginx: open("nginx"), Rails: open("rails"), Sidekiq: open("sidekiq"), Truth: truth}
	if err != nil {
		return err
	}
	c := w.config(s)
	c.Plan = simulate.Season(c, s.days)
	_, err = simulate.Run(c, sinks)
	return err
}

// createLog returns a writer of a compressed file, and what is to be closed from the last to the first.
func createLog(path string) ([]io.Closer, io.Writer, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	return []io.Closer{f, z}, z, err
}

// replaySeason replays logs as the command line does and returns what was told.
func replaySeason(ctx context.Context, truth *score.Truth, dir string, logs []string) ([]score.Incident, error) {
	path := filepath.Join(dir, "alerts-"+strings.Join(logs, "-"))
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	out := bufio.NewWriter(f)
	var inputs []string
	for _, log := range logs {
		inputs = append(inputs, log+":"+logPath(dir, log))
	}
	c := &console{ctx: ctx, in: strings.NewReader(""), out: out, err: io.Discard}
	err = (&replayCommand{Output: "json", Verified: slices.Contains(logs, "rails"), Inputs: inputs}).Run(c)
	if err := errors.Join(err, out.Flush(), f.Close()); err != nil {
		return nil, err
	}
	return readFile(path, nil, func(r io.Reader, name string) ([]score.Incident, error) {
		return score.ReadAlerts(r, name, truth)
	})
}
