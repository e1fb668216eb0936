// Command generate writes access.log, rails.log and sidekiq.log: 26 thin hours of a small Mastodon server
// that does not exist. README.md beside them says what is in them. Run it in their directory:
//
//	go run ./generate
//
// It plays what people, peers and programs do as events in time order; each event writes its lines and
// calls for what follows from it. It draws from one seeded source and counts in whole numbers only, so
// that its output is the same on every machine.
package main

import (
	"cmp"
	"container/heap"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"
)

const (
	hours = 26
	home  = "social.example"
	ms    = time.Millisecond
)

var start = time.Date(2026, 11, 16, 20, 0, 0, 0, time.UTC)

// hourWeights are how much happens in each hour of the day, UTC.
var hourWeights = [24]int{4, 3, 3, 3, 3, 4, 6, 8, 9, 10, 10, 10, 11, 10, 10, 10, 11, 12, 13, 14, 14, 13, 10, 7}

func main() {
	w := newWorld()
	w.peersLive()
	w.peopleLive()
	w.strangersLive()
	w.serverLives()
	w.guess(w.clock(25, 4))
	w.flood(w.clock(25, 18))
	w.burst(w.clock(25, 30))
	w.run()
	for name, j := range map[string]*journal{"access.log": &w.nginx, "rails.log": &w.rails, "sidekiq.log": &w.sidekiq} {
		if err := os.WriteFile(name, j.bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// A world is the server and all who call it.
type world struct {
	rng     *rand.Rand
	queue   queue
	seq     int
	now     time.Time
	peers   []*peer
	people  []*person
	host    int // the next free address of the documentation's
	threads [10]time.Time
	dead    int // deliveries to the dead peer that failed
	nginx   journal
	rails   journal
	sidekiq journal
}

func newWorld() *world {
	w := &world{rng: rand.New(rand.NewPCG(2026, 26))}
	w.makePeers()
	w.makePeople()
	return w
}

// A happening is what happens at a time.
type happening struct {
	at  time.Time
	seq int
	do  func()
}

type queue []happening

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].seq, q[j].seq)) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(happening)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// at makes something happen at t, if the world still stands then.
func (w *world) at(t time.Time, do func()) {
	if t.Before(start.Add(hours * time.Hour)) {
		w.seq++
		heap.Push(&w.queue, happening{t, w.seq, do})
	}
}

// after makes something happen between d and twice d from now.
func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d+w.upTo(d)), do) }

func (w *world) run() {
	for w.queue.Len() > 0 {
		h := heap.Pop(&w.queue).(happening)
		w.now = h.at
		h.do()
	}
}

// spread makes something happen about perDay times a day, more by day and less by night.
func (w *world) spread(perDay int, do func()) {
	total := 0
	for _, weight := range hourWeights {
		total += weight
	}
	for h := range hours {
		hour := start.Add(time.Duration(h) * time.Hour)
		n := perDay * hourWeights[hour.Hour()]
		for range (n + w.rng.IntN(total)) / total {
			w.at(hour.Add(w.upTo(time.Hour)), do)
		}
	}
}

func (w *world) clock(hour, minute int) time.Time {
	return start.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

// few returns a number from 0 to n-1, a small one more often.
func (w *world) few(n int) int { return min(w.rng.IntN(n), w.rng.IntN(n)) }

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func (w *world) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[w.rng.IntN(16)]
	}
	return string(b)
}

// status returns the id of a status of now, as Mastodon makes them.
func (w *world) status() string {
	return fmt.Sprint(w.now.UnixMilli()<<16 | w.rng.Int64N(1<<16))
}

// address returns an address of the documentation's ranges that nobody has yet.
func (w *world) address(v6 bool) string {
	w.host++
	if v6 {
		return fmt.Sprintf("2001:db8:%x:%x::%x", 0x100+w.host*37, w.rng.IntN(1<<16), 1+w.rng.IntN(1<<12))
	}
	return fmt.Sprintf("%s.%d", [...]string{"192.0.2", "198.51.100", "203.0.113"}[w.host%3], 1+w.host/3*31%254)
}
