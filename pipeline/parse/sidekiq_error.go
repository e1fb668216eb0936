package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/fedwarden/fedwarden/pipeline"
)

// What Sidekiq calls a failed job.
const (
	contextJob  = "Job raised exception"
	contextJSON = "Invalid JSON for job" // the job could not even be read: it has no class or id
)

// failure reads what is said of an attempt that failed, so that one attempt makes one KindJobError.
//
// Up to 7, after the line "fail", a thread says three more, one behind the other: the job in JSON, with
// all its arguments; the exception; the backtrace. The first is skipped, but remembered for its thread;
// the second makes the event. Since 8 there is one line: the job as Ruby's inspect has it, and the
// exception. A job that was cut off before its class and id has those of the thread's "fail".
//
// Of the arguments nothing is kept but the host of the first that is a URL, and that only if the
// exception names none.
func (s *sidekiq) failure(en *entry, e *pipeline.Event) (skip string) {
	if en.context != "" {
		return s.failure8(en, e)
	}
	if context, job, ok := en.dump(); ok {
		return s.remember(en, context, job)
	}
	t := s.threads.find(en.pid, en.tid)
	switch {
	case t != nil && t.awaited:
	case isBacktrace(en.msg):
		return skipException
	default:
		return skipMessage
	}
	e.Kind = pipeline.KindJobError
	e.JobClass, e.JobID, e.RemoteHost = t.job()
	e.Error, _ = constant(en.msg)
	if host := namedHost(en.msg); host != "" {
		e.RemoteHost = host
	}
	s.threads.drop(en.pid, en.tid)
	return ""
}

// failure8 reads the one line of 8.
func (s *sidekiq) failure8(en *entry, e *pipeline.Event) (skip string) {
	if en.context != contextJob && en.context != contextJSON {
		return skipMessage
	}
	var j job
	if en.context == contextJob {
		j.read(en.job, false)
		j.complete(s.threads.find(en.pid, en.tid))
	}
	e.Kind, e.JobClass, e.JobID, e.RemoteHost = pipeline.KindJobError, j.class, j.jid, j.host
	e.Error = detailedClass(en.msg)
	if host := namedHost(en.msg); host != "" {
		e.RemoteHost = host
	}
	s.threads.drop(en.pid, en.tid)
	return ""
}

// remember keeps for the thread what the dump of a failed job tells.
func (s *sidekiq) remember(en *entry, context, raw string) (skip string) {
	switch context {
	case contextJob:
		var j job
		j.read(raw, en.escaped)
		j.complete(s.threads.find(en.pid, en.tid))
		s.threads.set(en.pid, en.tid, j.class, j.jid, j.host, true)
	case contextJSON:
		s.threads.set(en.pid, en.tid, "", "", "", true)
	default:
		return skipMessage
	}
	return skipDump
}

// dump reads {"context":"…","job":{…}}, in JSON within JSON or not.
func (en *entry) dump() (context, job string, ok bool) {
	if !strings.HasPrefix(en.msg, `{"context":`) && !strings.HasPrefix(en.msg, `{\"context\":`) {
		return "", "", false
	}
	o := object{text: en.msg, escaped: en.escaped}
	for o.next() {
		switch o.key {
		case "context":
			first(&context, o.inner(o.value))
		case "job":
			first(&job, o.value)
		}
	}
	return context, job, true
}

// A job is what is kept of a failed one.
type job struct{ class, jid, host string }

// read reads a job, as JSON or as Ruby's inspect has it, cut short as it may be.
func (j *job) read(raw string, escaped bool) {
	o := object{text: raw, escaped: escaped}
	for o.next() {
		switch o.key {
		case "class":
			if class := o.inner(o.value); j.class == "" && isConstant(class) {
				j.class = class
			}
		case "jid":
			if jid := o.inner(o.value); j.jid == "" && isName(jid) {
				j.jid = jid
			}
		case "args":
			j.host = argumentHost(object{text: o.value, escaped: escaped})
		}
	}
}

// complete fills in from the thread what was cut off.
func (j *job) complete(t *thread) {
	if t == nil || j.class != "" && j.jid != "" {
		return
	}
	class, jid, _ := t.job()
	if j.class == "" {
		j.class = class
	}
	if j.jid == "" {
		j.jid = jid
	}
}

// argumentHost returns the host of the first argument that is a URL.
func argumentHost(args object) string {
	for args.element() {
		if host := urlHost(args.inner(args.value)); host != "" && utf8.ValidString(host) {
			return host
		}
	}
	return ""
}

// namedHost returns the host of the first URL that an error's message names by itself. From the first
// quote or brace on, a message may repeat a job's arguments.
func namedHost(msg string) string {
	msg = cut(msg, maxMessage)
	if i := strings.IndexAny(msg, "\"'`{<\\"); i >= 0 {
		msg = msg[:i]
	}
	i := strings.Index(msg, "://")
	switch {
	case i >= 5 && msg[i-5:i] == "https":
		i -= 5
	case i >= 4 && msg[i-4:i] == "http":
		i -= 4
	default:
		return ""
	}
	if host := urlHost(msg[i:]); utf8.ValidString(host) {
		return host
	}
	return ""
}

// maxMessage bounds how much of a message is looked at.
const maxMessage = 4096

// detailedClass returns the class in "message (Class)", which stands at the end of the first line; a
// message that is empty is the class itself.
func detailedClass(msg string) string {
	msg, _, _ = strings.Cut(msg, `\n`)
	msg = strings.TrimSpace(msg)
	if open := strings.LastIndexByte(msg, '('); open >= 0 && strings.HasSuffix(msg, ")") {
		msg = msg[open+1 : len(msg)-1]
	}
	if !isConstant(msg) {
		return ""
	}
	return msg
}

// isConstant reports whether s is the name of a Ruby class and nothing else.
func isConstant(s string) bool {
	name, rest := constant(s)
	return name != "" && rest == ""
}

// isName reports whether s may be the id of a job, a process or a thread.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
