package main

import (
	"fmt"
	"time"
)

// A job is one of Sidekiq's, tried as often as it fails.
type job struct {
	class, queue, args string
	took               time.Duration
	fails              string // its error, if it fails
	tries              int    // so far
	jid                string
	made               time.Time
	then               func()
}

// enqueue starts the job a moment after at, on the thread that is idle for longest.
func (w *world) enqueue(at time.Time, j job) {
	if j.jid == "" {
		j.jid, j.made = w.hex(24), at
	}
	w.at(at.Add(ms+w.upTo(5*ms)), func() { w.perform(j) })
}

func (w *world) perform(j job) {
	t := 0
	for i := range w.threads {
		if w.threads[i].Before(w.threads[t]) {
			t = i
		}
	}
	begin := w.now
	if w.threads[t].After(begin) {
		begin = w.threads[t]
	}
	took := max(j.took/2+w.upTo(j.took+ms), ms).Round(ms)
	end := begin.Add(took)
	w.threads[t] = end
	thread := fmt.Sprintf("pid=1310 tid=%s", [...]string{"7gq", "7h6", "7hm", "7i2", "7ii", "7iy", "7je", "7ju", "7ka", "7kq"}[t])
	context := fmt.Sprintf("%s jid=%s class=%s", thread, j.jid, j.class)
	w.sidekiqSays(begin, context+": start")
	if j.fails != "" {
		w.fail(j, end, thread, fmt.Sprintf("%s elapsed=%s: fail", context, elapsed(took)))
		return
	}
	w.sidekiqSays(end, fmt.Sprintf("%s elapsed=%s: done", context, elapsed(took)))
	if j.then != nil {
		w.at(end, j.then)
	}
}

// fail writes what Sidekiq says of a job that raised, arguments and all, and tries it again later.
func (w *world) fail(j job, end time.Time, thread, line string) {
	w.sidekiqSays(end, line)
	dump := fmt.Sprintf(`"retry" => 16, "queue" => "%s", "args" => [%s], "class" => "%s", "jid" => "%s", "created_at" => %d, "enqueued_at" => %d, "dead" => false`,
		j.queue, j.args, j.class, j.jid, j.made.UnixMilli(), end.UnixMilli()-int64(j.took/ms))
	if j.tries > 0 {
		dump += fmt.Sprintf(`, "retry_count" => %d, "failed_at" => %d`, j.tries-1, j.made.UnixMilli()+900)
	}
	w.sidekiqSays(end, fmt.Sprintf("%s context=Job raised exception job={%s}: %s", thread, dump, j.fails))
	if j.tries++; j.tries < 5 {
		wait := time.Duration(j.tries*j.tries*j.tries*j.tries+15) * time.Second
		w.at(end.Add(wait+w.upTo(10*time.Second)), func() { w.enqueue(w.now, j) })
	}
}

func (w *world) sidekiqSays(at time.Time, text string) {
	w.sidekiq.add(at, "\x1b[1;34mINFO \x1b[0m %s %s", at.Format("2006-01-02T15:04:05.000Z"), text)
}

// loggerSays writes what Rails' logger says within Sidekiq: it has no request to name.
func (w *world) loggerSays(at time.Time, level, text string) {
	w.sidekiq.add(at, "%s, [%s #1310] %5s -- : %s", level[:1], at.Format("2006-01-02T15:04:05.000000"), level, text)
}
