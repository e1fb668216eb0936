package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/checkpoint"
	"github.com/fedwarden/fedwarden/pipeline/notify"
)

var errKilled = errors.New("killed")

// A killer ends the process before its n-th effect on the world: nothing that it does after that happens.
type killer struct {
	mu     sync.Mutex
	left   int
	where  string // of the effect at which it died
	cancel context.CancelFunc
}

// step reports whether the process is still alive.
func (k *killer) step(where string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.where != "" {
		return errKilled
	}
	if k.left--; k.left < 0 {
		k.where = where
		k.cancel()
		return errKilled
	}
	return nil
}

// killedStore, killedSource and killedSink do what they wrap does as long as the process lives. It may die
// before an effect, and after it before it learns of it.
type killedStore struct {
	*checkpoint.Store
	*killer
}

func (s killedStore) Save(cp *pipeline.Checkpoint) error {
	if err := s.step("before save"); err != nil {
		return err
	}
	if err := s.Store.Save(cp); err != nil {
		return err
	}
	return s.step("after save")
}

func (s killedStore) Ack(ids []uint64) error {
	if err := s.step("before ack"); err != nil {
		return err
	}
	if err := s.Store.Ack(ids); err != nil {
		return err
	}
	return s.step("after ack")
}

// A killedSource replays events, a few each time, some time apart.
type killedSource struct {
	*killer
	world  *world
	id     pipeline.StreamID
	events []pipeline.Event
	rand   *rand.Rand
	pos    int
	opened bool
}

func (s *killedSource) Streams() []pipeline.StreamID { return []pipeline.StreamID{s.id} }
func (s *killedSource) Close() error                 { return nil }

func (s *killedSource) Seek(_ pipeline.StreamID, c pipeline.Cursor) (err error) {
	s.pos, err = strconv.Atoi(string(c))
	return err
}

func (s *killedSource) Read(ctx context.Context) (pipeline.Batch, error) {
	if !pause(ctx, time.Duration(s.rand.IntN(400))*time.Millisecond) || s.step("read") != nil {
		return pipeline.Batch{}, ctx.Err()
	}
	if s.pos == len(s.events) {
		return pipeline.Batch{}, io.EOF
	}
	n := min(1+s.rand.IntN(6), len(s.events)-s.pos)
	b := pipeline.Batch{
		Stream: s.id, Opened: !s.opened, Lateness: time.Second,
		Events: slices.Clone(s.events[s.pos : s.pos+n]), Cursor: pipeline.Cursor(strconv.Itoa(s.pos + n)),
	}
	s.pos += n
	s.opened = true
	return b, nil
}

func (s *killedSource) Commit(_ context.Context, id pipeline.StreamID, c pipeline.Cursor) error {
	if err := s.step("before commit"); err != nil {
		return err
	}
	s.world.commit(id, c)
	return s.step("after commit")
}

type killedSink struct {
	*killer
	world *world
	rand  *rand.Rand
}

func (s *killedSink) Name() string { return "slack" }

func (s *killedSink) Send(ctx context.Context, a *pipeline.Alert) error {
	if err := s.step("before send"); err != nil {
		return err
	}
	if s.world.flaky > 0 && s.rand.IntN(s.world.flaky) == 0 {
		return errRefused
	}
	s.world.see(a)
	return s.step("after send")
}

// A world is what outlives the process.
type world struct {
	t     *testing.T
	dir   string
	seed  uint64
	flaky int // of so many sends one fails; zero: none
	input map[pipeline.StreamID][]pipeline.Event

	mu        sync.Mutex
	seen      map[string]string // transition → what the sink saw
	last      map[string]uint64 // episode → newest transition that the sink saw
	committed map[pipeline.StreamID]int
}

func newWorld(t *testing.T, seed uint64, flaky int) *world {
	w := &world{
		t: t, dir: t.TempDir(), seed: seed, flaky: flaky, seen: map[string]string{}, last: map[string]uint64{},
		committed: map[pipeline.StreamID]int{}, input: map[pipeline.StreamID][]pipeline.Event{},
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for _, id := range []pipeline.StreamID{"nginx:1", "rails:1"} {
		at := pipeline.TimeOf(time.Date(2026, 11, 18, 14, 0, 0, 0, time.UTC))
		for i := range 14 {
			at = at.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
			e := bad(at, uint64(i+1), fmt.Sprintf("/%d", r.IntN(5)), pipeline.Severity(1+r.IntN(4)))
			if r.IntN(2) > 0 {
				e.Status = 200
			}
			w.input[id] = append(w.input[id], e)
		}
	}
	return w
}

func (w *world) see(a *pipeline.Alert) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, _ := json.Marshal(a)
	key := pipeline.DeliveryID(a)
	if was, ok := w.seen[key]; ok && was != string(text) {
		w.t.Errorf("%s has changed: got\n%s\nwas\n%s", key, text, was)
	}
	w.seen[key] = string(text)
	w.last[a.ID] = max(w.last[a.ID], a.Seq)
}

func (w *world) commit(id pipeline.StreamID, c pipeline.Cursor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, _ := strconv.Atoi(string(c))
	w.committed[id] = max(w.committed[id], n)
}

// live runs a process that dies before its n-th effect, and returns at which, or "" if it ended by itself.
func (w *world) live(n int, salt uint64) string {
	w.t.Helper()
	store, err := checkpoint.Open(w.dir, checkpoint.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	cp, notices, err := store.Load()
	if err != nil || len(notices) > 0 {
		w.t.Fatalf("got %v, %v", notices, err)
	}
	w.checkDurable(store, cp)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	k := &killer{left: n, cancel: cancel}
	var sources []pipeline.Source
	for i, id := range []pipeline.StreamID{"nginx:1", "rails:1"} {
		sources = append(sources, &killedSource{
			killer: k, world: w, id: id, events: w.input[id], rand: rand.New(rand.NewPCG(w.seed, salt+uint64(i))),
		})
	}
	r, err := New(Config{
		Engine: newEngine(), Restored: cp, Store: killedStore{store, k}, Sources: sources,
		Sinks:    []pipeline.Sink{&killedSink{k, w, rand.New(rand.NewPCG(w.seed, salt+9))}},
		Notifier: notify.New(notify.Config{Routes: []notify.Route{{Sink: "slack", Min: pipeline.SeverityMedium}}}),
		Grace:    time.Minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := r.Run(ctx); err != nil && !errors.Is(err, errKilled) {
		w.t.Fatal(err)
	}
	return k.where
}

// checkDurable holds what was seen outside against what the store has.
func (w *world) checkDurable(store *checkpoint.Store, cp *pipeline.Checkpoint) {
	w.t.Helper()
	kept := map[string]string{}
	episodes, err := store.History(checkpoint.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, ep := range episodes {
		for i := range ep.Transitions {
			text, _ := json.Marshal(&ep.Transitions[i])
			kept[pipeline.DeliveryID(&ep.Transitions[i])] = string(text)
		}
	}
	for key, text := range w.seen {
		if kept[key] != text {
			w.t.Errorf("the sink saw %s, which the store does not have so: got\n%s\nwant\n%s", key, kept[key], text)
		}
	}
	for _, m := range cp.Streams {
		if n, _ := strconv.Atoi(string(m.Cursor)); n < w.committed[m.Stream] {
			w.t.Errorf("stream %s: %d is committed, but only %d saved", m.Stream, w.committed[m.Stream], n)
		}
	}
}

// history returns all transitions that the store has, as text.
func (w *world) history() string {
	w.t.Helper()
	store, err := checkpoint.Open(w.dir, checkpoint.Options{ReadOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	cp, _, err := store.Load()
	if err != nil {
		w.t.Fatal(err)
	}
	if len(cp.Outbox) > 0 && w.flaky == 0 {
		w.t.Errorf("got %d deliveries left", len(cp.Outbox))
	}
	w.checkDurable(store, cp)
	episodes, err := store.History(checkpoint.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	var list []string
	for _, ep := range episodes {
		for i := range ep.Transitions {
			var b bytes.Buffer
			json.NewEncoder(&b).Encode(&ep.Transitions[i])
			list = append(list, b.String())
		}
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

// A process is killed at every single one of its effects, started again, and killed at random a few times
// more. Then it may end. What happened is as if nobody had killed it; nothing that the sink saw has changed.
func TestKilledAtEveryStep(t *testing.T) {
	died := map[string]int{}
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			calm := newWorld(t, seed, 0)
			if at := calm.live(1e9, 0); at != "" {
				t.Fatalf("died at %s", at)
			}
			want := calm.history()
			for n := 0; ; n++ {
				w := newWorld(t, seed, 0)
				first := w.live(n, 0)
				died[first]++
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				for i := range uint64(r.IntN(4)) {
					died[w.live(r.IntN(60), i+1)]++
				}
				if at := w.live(1e9, 100); at != "" {
					t.Fatalf("died at %s", at)
				}
				if got := w.history(); got != want {
					t.Fatalf("seed %d, killed at effect %d: got history\n%s\nwant\n%s", seed, n, got, want)
				}
				if got, want := spellSeen(w), spellSeen(calm); got != want {
					t.Fatalf("seed %d, killed at effect %d: sink got\n%s\nwant\n%s", seed, n, got, want)
				}
				if first == "" {
					return
				}
			}
		})
	}
	for _, where := range []string{
		"read", "before save", "after save", "before commit", "after commit", "before send", "after send", "before ack", "after ack",
	} {
		if died[where] == 0 {
			t.Errorf("nothing was ever killed %s", where)
		}
	}
}

func spellSeen(w *world) string {
	var keys []string
	for k := range w.seen {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return strings.Join(keys, "\n")
}

// With a sink that fails now and then, transitions may be superseded; but the last one of each episode that
// it was told of arrives, and is in the history.
func TestKilledWithAFlakySink(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			calm := newWorld(t, seed, 0)
			calm.live(1e9, 0)
			w := newWorld(t, seed, 3)
			r := rand.New(rand.NewPCG(seed, 2))
			for i := range uint64(8) {
				w.live(r.IntN(80), i)
			}
			w.flaky = 0
			w.live(1e9, 100)
			wait(10 * time.Minute) // whatever is due later is due now
			w.live(1e9, 101)
			if got, want := w.history(), calm.history(); got != want {
				t.Fatalf("seed %d: got history\n%s\nwant\n%s", seed, got, want)
			}
			for id, seq := range calm.last {
				if w.last[id] != seq {
					t.Errorf("seed %d: got %s/%d last, want %d", seed, id, w.last[id], seq)
				}
			}
		})
	}
}
