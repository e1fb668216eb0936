package parse

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// sidekiq reads Sidekiq's log in all its shapes, fields by name and never by place, whatever the level:
//
//	6, 7       2026-11-23T07:22:41.257Z pid=18363 tid=d6r class=C jid=J elapsed=0.05 INFO: done
//	8          ␛[1;34mINFO ␛[0m 2026-11-23T07:28:42.622Z pid=28388 tid=lv8 jid=J class=C elapsed=0.05: done
//	8 plain    INFO 2026-11-23T07:28:42.622Z pid=28388 tid=lv8 jid=J class=C elapsed=0.05: done
//	           all three without the stamp as well
//	JSON       {"ts":"…","pid":18390,"tid":"d66","lvl":"INFO","msg":"done","ctx":{"class":"C","jid":"J","elapsed":0.05}}
//
// and what Rails says in the same stream; see message. What a job's failure is told by stands at failure.
type sidekiq struct {
	stamps  stamps
	voice   voice
	open    int // lines that the message before may still run over; zero when it can't
	threads threads
}

func newSidekiq(o Options) *sidekiq { return &sidekiq{stamps: stamps{zone: o.Location}} }

// An entry is one line of Sidekiq's own, as it is written.
type entry struct {
	stamp, pid, tid string
	class, jid      string
	elapsed         string
	context, job    string // of an exception, since 8: what was done, and the job, raw
	msg             string
	escaped         bool // msg is the inside of a JSON string
}

func (s *sidekiq) line(line string, _ Env, e *pipeline.Event) (skip string, err *Error) {
	var en entry
	switch {
	case line[0] == '{':
		if !en.readJSON(line) {
			return s.stray(line, e)
		}
	case !en.readText(line):
		return s.stray(line, e)
	}
	if en.stamp != "" {
		var ok bool
		if e.Time, e.Digits, ok = s.stamps.read(en.stamp); !ok {
			return "", &Error{Column: column(line, en.stamp), Reason: reasonTime}
		}
	}
	e.PID, e.TID = en.pid, en.tid
	s.open = maxOpen
	if s.jobLine(&en, e) {
		s.open = 0
		return "", nil
	}
	return s.failure(&en, e), nil
}

// jobLine reads the line of a job's start, done, fail or death.
func (s *sidekiq) jobLine(en *entry, e *pipeline.Event) bool {
	switch en.msg {
	case "start":
		e.JobState = pipeline.JobStart
	case "done":
		e.JobState = pipeline.JobDone
	case "fail":
		e.JobState = pipeline.JobFail
	default:
		return death(en.msg, e)
	}
	if !isConstant(en.class) || !isName(en.jid) {
		e.JobState = pipeline.JobUnknown
		return false
	}
	e.Kind, e.JobClass, e.JobID = pipeline.KindJob, en.class, en.jid
	e.Duration = readSeconds(en.elapsed)
	if e.JobState == pipeline.JobFail {
		s.threads.set(en.pid, en.tid, en.class, en.jid, "", false)
	} else {
		s.threads.drop(en.pid, en.tid)
	}
	return true
}

// death reads "Adding dead CLASS job JID".
func death(msg string, e *pipeline.Event) bool {
	msg, ok := strings.CutPrefix(msg, "Adding dead ")
	class, jid, _ := strings.Cut(msg, " job ")
	if !ok || !isConstant(class) || !isName(jid) {
		return false
	}
	e.Kind, e.JobState, e.JobClass, e.JobID = pipeline.KindJob, pipeline.JobDead, class, jid
	return true
}

// stray reads a line that is not of Sidekiq's own making: Rails' voice, further lines of the message
// before, and the noise of a process. Rails speaks without a prefix up to 4.1; such a line counts only
// where no message can be running on.
func (s *sidekiq) stray(line string, e *pipeline.Event) (skip string, err *Error) {
	if text, ok := logger(line); ok {
		if e.Time, e.Digits, ok = s.stamps.read(line[loggerStamp:]); !ok {
			return "", &Error{Column: loggerStamp + 1, Reason: reasonTime}
		}
		return s.told(text, true, e), nil
	}
	if s.open > 0 {
		s.open--
		if skip, err = other(line); err != nil {
			skip = skipContinuation
		}
		return skip, nil
	}
	if !s.voice.prefixed() && s.told(line, false, e) == "" {
		return "", nil
	}
	return other(line)
}

// told reads what Rails says.
func (s *sidekiq) told(text string, prefixed bool, e *pipeline.Event) (skip string) {
	body, _ := untag(text)
	skip = message(body, e)
	if skip == "" || prefixed {
		s.open = maxOpen
		s.voice.heard(prefixed)
	}
	if skip != "" && prefixed && isException(body) {
		return skipException
	}
	return skip
}

func (s *sidekiq) zoned() bool { return s.stamps.zoned() }

func (s *sidekiq) state() string {
	return "sidekiq " + strconv.Itoa(s.open) + " " + strconv.Itoa(int(s.voice)) + s.threads.state()
}

func (s *sidekiq) restore(state string) {
	s.open, s.voice = 0, 0
	s.threads.clear()
	head, threads, _ := strings.Cut(state, "\n")
	f := strings.Split(head, " ")
	if len(f) != 3 || f[0] != "sidekiq" {
		return
	}
	if n, err := strconv.Atoi(f[1]); err == nil {
		s.open = min(max(n, 0), maxOpen)
	}
	s.voice.restore(f[2])
	s.threads.restore(threads)
}

// looksSidekiq reports whether a line is surely of Sidekiq's log.
func looksSidekiq(line string) bool {
	var en entry
	if line[0] == '{' {
		return strings.HasPrefix(line, `{"ts":"`) && en.readJSON(line)
	}
	if en.readText(line) {
		return true
	}
	text, ok := logger(line)
	return ok && (strings.HasPrefix(text, "Rejected ") || strings.HasPrefix(text, "Switching http"))
}
