package simulate

import "strconv"

// A job is one that was queued.
type job struct {
	rng stream
	id  uint64
	Delivery
	class   *jobClass
	custom  string // the class's name, where class only lends it the rest
	peer    *Peer  // to which it delivers
	post    *post  // which it distributes
	inbox   string
	takes   moment
	cost    float64
	err     string // by which it fails, each time
	failing string // by which it fails this time
	tries   int    // before this one
	most    int    // tries after a failure
	thread  int32

	created, queued, started, failed moment
}

func (j *job) name() string {
	if j.custom != "" {
		return j.custom
	}
	return j.class.name
}

// enqueueJob queues a job that a scenario asks for.
func (s *sim) enqueueJob(spec *Job, rng stream) {
	j := job{rng: rng, cost: cost(spec.Cost), takes: spanOf(spec.Takes), err: spec.Error, inbox: spec.Inbox, most: spec.Tries}
	if j.class = classNamed(spec.Class); j.class == nil {
		j.class, j.custom = &classes[plainJob], spec.Class
	}
	s.newJob(j, spanOf(spec.Delay))
}

// jobStarts lets a thread run a job.
func (s *sim) jobStarts(ref int32) {
	j := &s.jobs.rows[ref]
	if s.queues.stopped {
		s.putBack(ref)
		return
	}
	j.started = s.now
	s.queues.busy++
	s.count.jobs++
	if j.class == &classes[delivery] || j.class == &classes[apDistribution] || j.custom != "" {
		s.count.ourOwn++
	}
	s.writeStart(j)
	took := j.takes
	if took == 0 {
		took = moment(s.family.latency(&j.rng, j.class.ms*cost(j.cost), j.class.sigma) * float64(millisecond))
	}
	j.failing = j.err
	if j.failing == "" && j.class.flaky > 0 && j.rng.chance(j.class.flaky) {
		j.failing = j.class.error
	}
	if j.peer != nil {
		took = s.reach(j, took)
	}
	s.schedule(s.now+moment(float64(took)*s.slowness()), evDone, ref)
}

// reach lets a delivery find out how its peer is, and returns how long that takes.
func (s *sim) reach(j *job, took moment) moment {
	p := j.peer
	if p.up(s.now) {
		p.refused = 0
		return moment(float64(took) * p.lag)
	}
	if p.refused >= 10 && s.now < p.redUntil { // Stoplight: threshold 10, 60 s
		j.failing = "Stoplight::Error::RedLight: " + p.inbox()
		return 3 * millisecond
	}
	if p.refused++; p.refused >= 10 {
		p.redUntil = s.now + minute
		s.writeStoplight(p)
	}
	switch p.seed() % 4 {
	case 0:
		j.failing = "Mastodon::UnexpectedResponseError: " + p.inbox() + " returned code " + strconv.Itoa(int(502+p.seed()>>8%2))
		return took
	case 1:
		j.failing = "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"
		return 10 * second
	case 2:
		j.failing = "OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 state=error: certificate verify failed (certificate has expired)"
		return took
	default:
		j.failing = "HTTP::ConnectionError: failed to connect: Connection refused - connect(2) for \"" + p.host + "\" port 443"
		return took / 4
	}
}

// jobEnds writes how a job ended, queues what follows, and frees the thread.
func (s *sim) jobEnds(ref int32) {
	j := &s.jobs.rows[ref]
	s.queues.busy--
	if s.dark { // killed with the machine: it is still in Redis
		s.putBack(ref)
		return
	}
	s.queues.idle = append(s.queues.idle, j.thread)
	if j.failing == "" {
		s.writeDone(j)
		done := *j // what follows may move the table
		s.jobs.drop(ref)
		s.follows(&done)
	} else {
		s.writeFail(j)
		if !s.tryAgain(ref) {
			s.jobs.drop(ref)
		}
	}
	s.workOn()
}

// putBack queues a job that a thread had, for when there are threads again.
func (s *sim) putBack(ref int32) {
	j := &s.jobs.rows[ref]
	s.queues.idle = append(s.queues.idle, j.thread)
	s.queues.waiting[j.class.queue].push(ref)
}

// tryAgain queues a failed job anew, after its class's backoff, and reports whether it does.
func (s *sim) tryAgain(ref int32) bool {
	j := &s.jobs.rows[ref]
	most := j.class.tries
	if j.most != 0 {
		most = j.most
	}
	if j.tries >= most {
		if j.class != &classes[delivery] && most > 0 {
			s.writeDead(j)
		}
		return false
	}
	j.tries++
	j.failed = s.now
	wait := sidekiqBackoff
	if j.class == &classes[delivery] || j.class == &classes[processing] {
		wait = mastodonBackoff
	}
	at := s.now + wait(j.tries, &j.rng)
	if at >= s.end {
		return false
	}
	s.schedule(at, evEnqueue, ref)
	return true
}

// then queues a job of a class that follows from another.
func (s *sim) then(from *job, class int, n int) {
	for range n {
		s.newJob(job{rng: from.rng.fork(), class: &classes[class], Delivery: Delivery{From: from.From}}, moment(from.rng.exp()*300))
	}
}

// follows queues what follows from a job that is done.
func (s *sim) follows(j *job) {
	switch j.class {
	case &classes[processing]:
		s.afterProcessing(j)
	case &classes[distribution]:
		s.then(j, feedInsert, j.Local)
		s.then(j, localNotification, j.Mentions)
	case &classes[localNotification]:
		if j.rng.chance(0.35) {
			s.then(j, pushNotification, 1)
		}
	case &classes[apDistribution]:
		if j.post != nil {
			s.fanOut(j)
		}
	case &classes[delivery]:
		if j.post != nil {
			s.received(j)
		}
	}
}

// afterProcessing queues what an activity leads to: app/lib/activitypub/activity/*.rb.
func (s *sim) afterProcessing(j *job) {
	r := &j.rng
	if j.NewActor {
		s.then(j, redownloadAvatar, 1)
		if r.chance(0.6) {
			s.then(j, redownloadHeader, 1)
		}
	}
	s.then(j, mentionResolve, max(j.Resolves, 0))
	for i := range j.Jobs {
		s.enqueueJob(&j.Jobs[i], r.fork())
	}
	switch j.Activity {
	case Create, Announce:
		s.afterStatus(j)
	case Like, Follow, Flag:
		s.then(j, localNotification, max(j.Mentions, 1))
		if j.Activity == Follow && j.From != nil {
			s.newJob(job{rng: r.fork(), class: &classes[delivery], peer: j.From}, seconds(0.05))
		}
	case Delete:
		if r.chance(0.15) {
			s.then(j, rawDistribution, 1)
		}
	case Update:
		if r.chance(0.3) {
			s.then(j, pushUpdate, 1)
		}
		if r.chance(0.1) {
			s.then(j, redownloadAvatar, 1)
		}
	case Move:
		s.then(j, moveWorker, 1)
	}
}

// afterStatus queues what a post or a boost leads to.
func (s *sim) afterStatus(j *job) {
	r := &j.rng
	local := j.Local
	if local == 0 {
		if j.Mentions == 0 && r.chance(s.family.unrelated) {
			s.writeRejected(j)
			return
		}
		if !r.chance(s.family.idle) {
			local = 1 + r.geometric(0.15)
		}
	}
	s.newJob(job{rng: r.fork(), class: &classes[distribution], Delivery: Delivery{From: j.From, Local: max(local, 0), Mentions: j.Mentions}}, moment(r.exp()*300))
	if j.Link || j.Activity == Create && r.chance(0.14) {
		// A random delay of up to a minute: LinkCrawlWorker.perform_in(rand(1..59).seconds, …)
		s.newJob(job{rng: r.fork(), class: &classes[linkCrawl]}, seconds(r.between(1, 59)))
	}
	if j.Media && r.chance(0.1) {
		s.then(j, redownloadMedia, 1)
	}
	if j.Thread || r.chance(0.05) {
		s.then(j, threadResolve, 1)
	}
	if j.Activity == Create && r.chance(0.03) {
		s.then(j, fetchReplies, 1)
	}
	if j.Activity == Announce && r.chance(0.04) {
		s.then(j, refreshAccount, 1)
	}
}
