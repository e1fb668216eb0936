package simulate

// A queues is Sidekiq: threads, and what waits for them.
type queues struct {
	threads, busy int
	idle          []int32 // threads that are free, by number
	waiting       [queueCount]fifo
	stopped       bool
	pid           moment
	salt          uint64
	rng           stream
}

func (q *queues) open(seed uint64, size float64) {
	// A small server runs one process of 25 threads, as Mastodon's unit files do; a bigger one has more, an assumption.
	q.threads = int(25 * max(1, powered(size, 0.75)))
	q.rng = streamOf(seed, "sidekiq", 0)
	for i := range q.threads {
		q.idle = append(q.idle, int32(i))
	}
	q.renew()
}

func (q *queues) renew() { q.pid, q.salt = 1000+moment(q.rng.intn(30000)), q.rng.Uint64() }

// next returns the queue that a free thread looks into: by weight, among those in which something waits.
func (q *queues) next() (queueName, bool) {
	var weights [queueCount]float64
	some, last := 0, queueName(0)
	for i := range q.waiting {
		if q.waiting[i].len() > 0 {
			weights[i], last = queueWeights[i], queueName(i)
			some++
		}
	}
	if some < 2 {
		return last, some == 1
	}
	return queueName(q.rng.pick(weights[:])), true
}

// newJob makes a job that is queued after a delay.
func (s *sim) newJob(j job, delay moment) {
	j.id = j.rng.Uint64()
	j.created = s.now + delay
	s.schedule(s.now+delay, evEnqueue, s.jobs.add(j))
}

// enqueue gives a job to a thread, or lets it wait.
func (s *sim) enqueue(ref int32) {
	j := &s.jobs.rows[ref]
	j.queued = s.now
	if s.queues.stopped || len(s.queues.idle) == 0 {
		s.queues.waiting[j.class.queue].push(ref)
		return
	}
	s.take(ref)
}

// take gives a job to a free thread, which is there within some milliseconds: Redis is asked first.
func (s *sim) take(ref int32) {
	q := &s.queues
	j := &s.jobs.rows[ref]
	// The thread that has waited longest gets the next job, as of those that block on one list.
	j.thread = q.idle[0]
	copy(q.idle, q.idle[1:])
	q.idle = q.idle[:len(q.idle)-1]
	s.schedule(s.now+600+moment(j.rng.exp()*1500), evStart, ref)
}

// workOn lets free threads take what waits.
func (s *sim) workOn() {
	for !s.queues.stopped && len(s.queues.idle) > 0 {
		name, some := s.queues.next()
		if !some {
			return
		}
		s.take(s.queues.waiting[name].pop())
	}
}
