package identity

import (
	"cmp"
	pq "container/heap"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A mastodon is a model of a server: requests make jobs, jobs wait for threads, and all is written into three logs.
type mastodon struct {
	rng     *rand.Rand
	threads int
	service float64          // seconds that a job takes, in the mean
	slow    float64          // seconds that a request takes, in the mean
	fails   float64          // chance that a job fails, and starts again
	drops   float64          // chance that a line of Sidekiq's is lost, and nobody knows
	lacks   float64          // chance that a line of Rails' is lost, and nobody knows
	nginx   bool             // is read
	rests   [2]pipeline.Time // Sidekiq fetches nothing from then to then, while jobs are made

	lines []line
	queue []queued
	free  []freeThread
	n     int // jobs so far
	pid   int // of Sidekiq
}

// A line is what a log tells, and whether it tells of a delivery that its key signed and that was processed.
type line struct {
	event  pipeline.Event
	signed bool
}

// A request is something that came to the server.
type request struct {
	at     pipeline.Time
	key    string // whose key it names; empty is no delivery
	actor  int
	status uint16 // zero is 202
	jobs   string // the class of the job that it makes, if any
	own    bool   // it is signed by whom it names
	abort  pipeline.Time
	held   pipeline.Time // how long nginx' line is held back
}

type queued struct {
	at    pipeline.Time
	class string
	jid   string
}

type freeThread struct {
	at  pipeline.Time
	tid string
}

const millisecond = pipeline.Second / 1000

func (m *mastodon) after(mean float64) pipeline.Time {
	return pipeline.Time(m.rng.ExpFloat64()*mean*float64(pipeline.Second)) + millisecond
}

func (m *mastodon) tell(at pipeline.Time, e pipeline.Event, signed bool) {
	e.Time = at
	e.Stream = pipeline.StreamID(e.Format.String())
	m.lines = append(m.lines, line{e, signed})
}

// take answers a request: its job is made at the end of the action, then Rails' line is written, then nginx'.
func (m *mastodon) take(r *request) {
	made := r.at + m.after(m.slow)
	status := cmp.Or(r.status, 202)
	e := pipeline.Event{Kind: pipeline.KindRequest, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointAPIPost, Status: status}
	if r.key != "" {
		e.Endpoint = pipeline.EndpointInbox
	}
	if r.jobs != "" {
		m.n++
		m.queue = append(m.queue, queued{made, r.jobs, fmt.Sprintf("%x-%d", m.rng.Uint64(), m.n)})
	}
	rails, front := e, e
	rails.Format, front.Format = pipeline.FormatRails, pipeline.FormatNginx
	if r.key != "" {
		rails.KeyID, rails.KeyHost = fmt.Sprintf("https://%s/users/u%d#main-key", r.key, r.actor), r.key
	}
	done := made + m.after(0.005)
	if m.rng.Float64() >= m.lacks {
		m.tell(done, rails, r.own && r.jobs == processing && status == 202)
	}
	if !m.nginx {
		return
	}
	if r.abort > 0 && r.at+r.abort < done {
		front.Status, done = 499, r.at+r.abort
	}
	done += r.held + millisecond
	m.tell(done-done%pipeline.Second, front, false) // stamps of whole seconds
}

// A pile is the queue by time.
type pile []queued

func (p pile) Len() int           { return len(p) }
func (p pile) Less(i, j int) bool { return p[i].at < p[j].at }
func (p pile) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pile) Push(x any)        { *p = append(*p, x.(queued)) }
func (p *pile) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

// work runs all jobs on Sidekiq's threads, first come first served, and restarts Sidekiq at the times given.
func (m *mastodon) work(from pipeline.Time, restarts []pipeline.Time) {
	p := pile(m.queue)
	pq.Init(&p)
	m.boot(from)
	for p.Len() > 0 {
		job := pq.Pop(&p).(queued)
		slices.SortFunc(m.free, func(a, b freeThread) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.tid, b.tid)) })
		i := 0
		for n := range m.free { // of idle threads any may be first
			if m.free[n].at <= job.at && m.rng.IntN(2) == 0 {
				i = n
			}
		}
		t := &m.free[i]
		start := max(job.at, t.at) + millisecond
		if start >= m.rests[0] && start < m.rests[1] {
			start = m.rests[1] + pipeline.Time(m.rng.IntN(5))*millisecond
		}
		end := start + m.after(m.service)
		if len(restarts) > 0 && end >= restarts[0] {
			m.boot(restarts[0] + 3*pipeline.Second)
			restarts = restarts[1:]
			pq.Push(&p, job) // pushed back with its id
			if start < m.free[0].at-3*pipeline.Second {
				m.say(start, job, t.tid, pipeline.JobStart)
			}
			continue
		}
		m.say(start, job, t.tid, pipeline.JobStart)
		t.at = end
		if m.rng.Float64() < m.fails {
			m.say(end, job, t.tid, pipeline.JobFail)
			job.at = end + pipeline.Second*pipeline.Time(15+m.rng.IntN(60))
			pq.Push(&p, job)
			continue
		}
		m.say(end, job, t.tid, pipeline.JobDone)
	}
}

func (m *mastodon) boot(at pipeline.Time) {
	m.pid++
	m.free = m.free[:0]
	for i := range m.threads {
		m.free = append(m.free, freeThread{at, fmt.Sprintf("%d.%d", m.pid, i)})
	}
}

func (m *mastodon) say(at pipeline.Time, job queued, tid string, state pipeline.JobState) {
	if m.rng.Float64() < m.drops {
		return
	}
	m.tell(at, pipeline.Event{Kind: pipeline.KindJob, Format: pipeline.FormatSidekiq, JobClass: job.class, JobID: job.jid, JobState: state,
		PID: "7", TID: tid}, false)
}

// log returns all lines in order of time.
func (m *mastodon) log() []line {
	slices.SortStableFunc(m.lines, func(a, b line) int { return cmp.Compare(a.event.Time, b.event.Time) })
	return m.lines
}
