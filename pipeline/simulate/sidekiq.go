package simulate

import "strings"

// begin appends what every line of Sidekiq's begins with, up to the thread.
func (s *sim) sidekiqBegin(b []byte, thread int32) []byte {
	o := &s.sidekiq
	at := s.now + o.shift
	o.stamp.set(at)
	if s.config.Sidekiq == 8 {
		b = append(b, "\x1b[1;34mINFO \x1b[0m "...)
	}
	b = append(b, o.stamp.iso[:]...)
	b = append(b, '.')
	b = digits(b, at%second/millisecond, 3)
	b = append(b, "Z pid="...)
	b = number(b, s.queues.pid)
	b = append(b, " tid="...)
	return appendBase36(b, mix(s.queues.salt+uint64(thread))|1<<50, 4)
}

// context appends a job's class and id, in the version's order.
func (s *sim) context(b []byte, j *job) []byte {
	if s.config.Sidekiq == 8 {
		b = append(b, " jid="...)
		b = appendJID(b, j)
		b = append(b, " class="...)
		return append(b, j.name()...)
	}
	b = append(b, " class="...)
	b = append(b, j.name()...)
	b = append(b, " jid="...)
	return appendJID(b, j)
}

func appendJID(b []byte, j *job) []byte {
	return hex(hex(b, j.id, 16), mix(j.id), 8)
}

// say appends the message, with the level where it stands after the context.
func (s *sim) say(b []byte, level, message string) []byte {
	if s.config.Sidekiq == 8 {
		b = append(b, ": "...)
		return append(b, message...)
	}
	b = append(append(b, ' '), level...)
	b = append(b, ": "...)
	return append(b, message...)
}

func (s *sim) writeStart(j *job) {
	s.count.sidekiq++
	if o := &s.sidekiq; o.writes(s.now) {
		o.line(s.say(s.context(s.sidekiqBegin(o.b, j.thread), j), "INFO", "start"))
	}
}

func (s *sim) writeDone(j *job) { s.writeEnd(j, "done") }

func (s *sim) writeEnd(j *job, how string) {
	s.count.sidekiq++
	o := &s.sidekiq
	if !o.writes(s.now) {
		return
	}
	b := s.context(s.sidekiqBegin(o.b, j.thread), j)
	b = append(b, " elapsed="...)
	b = trimmed(b, s.now-j.started)
	o.line(s.say(b, "INFO", how))
}

// trimmed appends seconds as Ruby's round(3) writes them: at least one decimal, no zero at the end.
func trimmed(b []byte, m moment) []byte {
	b = fixed(b, m, second, 3)
	for b[len(b)-1] == '0' && b[len(b)-2] != '.' {
		b = b[:len(b)-1]
	}
	return b
}

// writeFail writes that a job failed, the job, the error, and where it was.
func (s *sim) writeFail(j *job) {
	s.writeEnd(j, "fail")
	s.count.fails++
	s.count.sidekiq++
	o := &s.sidekiq
	if !o.writes(s.now) {
		return
	}
	class, message, _ := strings.Cut(j.failing, ": ")
	if s.config.Sidekiq == 8 {
		b := append(s.sidekiqBegin(o.b, j.thread), " context=Job raised exception job="...)
		b = s.appendDump(b, j, " => ")
		b = append(append(b, ": "...), message...)
		b = append(append(b, " ("...), class...)
		o.line(append(b, ')'))
		return
	}
	b := append(s.sidekiqBegin(o.b, j.thread), ` WARN: {"context":"Job raised exception","job":`...)
	o.line(append(s.appendDump(b, j, ":"), '}'))
	b = append(s.sidekiqBegin(o.b, j.thread), " WARN: "...)
	o.line(append(b, j.failing...))
	b = append(s.sidekiqBegin(o.b, j.thread), " WARN: "...)
	b = append(b, "app/workers/concerns/jsonld_helper.rb:41:in `perform_request'\n"...)
	b = append(b, "app/workers/application_worker.rb:34:in `perform'\n"...)
	o.line(append(b, "lib/mastodon/sidekiq_middleware.rb:12:in `call'"...))
}

// appendDump appends a job: as JSON, or as Ruby inspects a hash.
func (s *sim) appendDump(b []byte, j *job, arrow string) []byte {
	comma := ","
	if s.config.Sidekiq == 8 {
		comma = ", "
	}
	field := func(name string) {
		b = append(b, '"')
		b = append(b, name...)
		b = append(append(b, '"'), arrow...)
	}
	b = append(b, '{')
	field("retry")
	b = number(b, moment(j.class.tries))
	b = append(b, comma...)
	field("queue")
	b = append(append(append(b, '"'), queueNames[j.class.queue]...), '"')
	b = append(b, comma...)
	field("args")
	b = s.appendArguments(b, j, comma)
	b = append(b, comma...)
	field("class")
	b = append(append(append(b, '"'), j.name()...), '"')
	b = append(b, comma...)
	field("jid")
	b = append(appendJID(append(b, '"'), j), '"')
	for _, at := range [...]struct {
		name string
		at   moment
	}{{"created_at", j.created}, {"enqueued_at", j.queued}, {"failed_at", j.failed}} {
		if at.at != 0 {
			b = append(b, comma...)
			field(at.name)
			b = s.appendUnix(b, at.at)
		}
	}
	if j.tries > 0 {
		b = append(b, comma...)
		field("retry_count")
		b = number(b, moment(j.tries-1))
	}
	return append(b, '}')
}

// appendUnix appends a time as a job has it: a float of seconds, and since 8 whole milliseconds.
func (s *sim) appendUnix(b []byte, m moment) []byte {
	if s.config.Sidekiq == 8 {
		return number(b, m/millisecond)
	}
	return fixed(b, m, second, 6)
}

// appendArguments appends what a job was called with: the activity in full, where it is one.
func (s *sim) appendArguments(b []byte, j *job, comma string) []byte {
	switch {
	case j.peer != nil || j.inbox != "":
		inbox := j.inbox
		if j.peer != nil {
			inbox = j.peer.inbox()
		}
		b = append(b, `["{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"https://`+ourHost+`/users/`...)
		b = appendName(b, j.id)
		b = append(b, `/statuses/11`...)
		b = number(b, moment(j.id>>12))
		b = append(b, `/activity\",\"type\":\"Create\"}"`...)
		b = append(append(b, comma...), '1')
		b = append(append(b, comma...), '"')
		b = append(b, inbox...)
		return append(b, `"]`...)
	case j.class == &classes[processing]:
		b = append(append(b, '['), '7')
		b = append(b, comma...)
		b = append(b, `"{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"type\":\"`...)
		b = append(b, j.Activity.String()...)
		b = append(b, `\",\"content\":\"`...)
		for range min(j.Bytes, 1500) / 5 {
			b = append(b, "lorem"...)
		}
		b = append(b, `\"}"`...)
		b = append(b, comma...)
		return append(b, `"shared"]`...)
	default:
		b = append(b, '[')
		b = number(b, moment(j.id>>20))
		return append(b, ']')
	}
}

func (s *sim) writeDead(j *job) {
	s.count.sidekiq++
	o := &s.sidekiq
	if !o.writes(s.now) {
		return
	}
	b := s.sidekiqBegin(o.b, j.thread)
	if s.config.Sidekiq == 7 {
		b = s.context(b, j)
	}
	b = s.say(b, "INFO", "Adding dead ")
	b = append(b, j.name()...)
	b = append(b, " job "...)
	o.line(appendJID(b, j))
}

// writeRejected writes what reject_payload! does: Rails' logger, in Sidekiq's log.
func (s *sim) writeRejected(j *job) {
	if j.From == nil {
		return
	}
	s.count.sidekiq++
	o := &s.sidekiq
	if !o.writes(s.now) {
		return
	}
	actor := j.From.software.appendActor(s.key[:0], j.From.host, j.From.seed(), j.Actor)
	b := s.loggerPrefix(o.b, o, 'I', " INFO", s.queues.pid)
	b = append(b, "Rejected "...)
	b = append(b, j.Activity.String()...)
	b = append(b, " activity "...)
	b = append(b, actor...)
	b = append(b, "/statuses/11"...)
	b = number(b, moment(j.id>>12))
	b = append(b, "/activity from "...)
	o.line(append(b, actor...))
}

// writeStoplight writes that no more deliveries are tried for a minute.
func (s *sim) writeStoplight(p *Peer) {
	s.count.sidekiq++
	if o := &s.sidekiq; o.writes(s.now) {
		b := s.loggerPrefix(o.b, o, 'W', " WARN", s.queues.pid)
		b = append(b, "Switching "...)
		b = append(b, p.inbox()...)
		o.line(append(b, " from green to red because HTTP::ConnectionError failed to connect"...))
	}
}
