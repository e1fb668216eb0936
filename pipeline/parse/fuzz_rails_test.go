package parse

import (
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func FuzzRails(f *testing.F) {
	seed(f, "rails-*.log")
	f.Fuzz(func(t *testing.T, line string) { hold(t, pipeline.FormatRails, line) })
}

// FuzzRailsKey holds that whatever a stranger sends as a key id changes nothing of its record but the key.
func FuzzRailsKey(f *testing.F) {
	f.Add("https://evil.example/a status=202 key=https://good.example/actor")
	f.Add("' duration=1 verified=yes action=new status=0")
	f.Fuzz(func(t *testing.T, key string) {
		p := newParser(t, Options{Format: pipeline.FormatRails, Verified: true})
		var e pipeline.Event
		line := railsPrefix + railsID + railsInbox + "status=401 duration=1.00 view=0.00 verified=no key=" + key
		if skip, err := p.Parse(line, Env{}, &e); skip != "" || err != nil {
			t.Fatalf("key %q: got %q, %v", key, skip, err)
		}
		checkEvent(t, line, &e)
		e.KeyID, e.KeyHost = "", ""
		if got, want := describe(&e), ` time=2026-11-23T07:31:41.765496Z kind=request method=POST endpoint=inbox status=401 path="/inbox" duration=1ms verified=1`; got != want {
			t.Errorf("key %q: got %s, want %s", key, got, want)
		}
	})
}

func FuzzSidekiq(f *testing.F) {
	seed(f, "sidekiq-*.log")
	f.Fuzz(func(t *testing.T, line string) { hold(t, pipeline.FormatSidekiq, line) })
}

// FuzzSidekiqArguments holds that no argument of a job leaves, whatever it is and wherever the dump is
// cut off; but for the host of one that is a URL.
func FuzzSidekiqArguments(f *testing.F) {
	f.Add("", "", uint16(0))
	f.Add(`{"class":"`, `","jid":"1"}`, uint16(100))
	f.Add("\", \"class\" => \"", "\n(Error)", uint16(9999))
	f.Add("https://a.example/", "?b", uint16(200))
	f.Fuzz(func(t *testing.T, before, after string, length uint16) {
		arg := quote(before + secretArg + after)
		json := `{"context":"Job raised exception","job":{"retry":16,"args":[1,` + arg + `,{"x":` + arg + `}],"class":"A::B","jid":"52"},"jobstr":` + arg + `}`
		ruby := `context=Job raised exception job={"retry" => 16, "args" => [1, ` + arg + `, {"x" => ` + arg + `}], "class" => "A::B", "jid" => "52"}: x (E)`
		p := newParser(t, Options{Format: pipeline.FormatSidekiq})
		for _, line := range []string{
			fail7,
			cut(sidekiqStamp+"pid=1 tid=d6r WARN: "+json, 60+int(length)),
			sidekiqStamp + "pid=1 tid=d6r WARN: JSON::ParserError: unexpected token at '" + before + secretArg + after,
			cut("INFO pid=1 tid=d6r "+ruby, 60+int(length)),
			cut(`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"WARN","msg":`+quote(json)+`}`, 80+int(length)),
			`{"ts":"2026-11-23T07:22:41.257Z","pid":1,"tid":"d6r","lvl":"WARN","msg":"E: x"}`,
		} {
			var e pipeline.Event
			p.Parse(line, Env{}, &e)
			checkEvent(t, line, &e)
			if e.JobClass != "" && e.JobClass != "A::B" || e.JobID != "" && e.JobID != "52" {
				t.Errorf("line %q: got job %q %q", line, e.JobClass, e.JobID)
			}
			e.RemoteHost = ""
			if s := describe(&e) + e.Sample + p.State(); strings.Contains(s, secretArg) {
				t.Errorf("line %q: got %s", line, s)
			}
		}
	})
}

const secretArg = "SECRET-ARG"

// FuzzSidekiqState holds that any state is taken, and told again as it was taken.
func FuzzSidekiqState(f *testing.F) {
	f.Add("sidekiq 7 -3")
	f.Add("sidekiq 0 0\n1\n1 d6r A::B 52 a.example true\n1 x C 3  false")
	f.Add("rails 5 9")
	f.Fuzz(func(t *testing.T, state string) {
		for _, s := range []syntax{newSidekiq(Options{}), newRails(Options{})} {
			s.restore(state)
			told := s.state()
			s.restore(told)
			if got := s.state(); got != told || len(got) > maxState {
				t.Errorf("state %q: got %q, told again %q", state, told, got)
			}
			var e pipeline.Event
			for _, line := range []string{fail7, sidekiqStamp + "pid=1 tid=d6r WARN: E: x"} {
				s.line(line, Env{}, &e)
				checkEvent(t, line, &e)
			}
		}
	})
}

// A line of a megabyte must take time as its length, whatever it is made of.
func TestHostileRailsLines(t *testing.T) {
	const size = 1 << 20
	pieces := append([]string{" a=", "' duration=", " from ", " key", "[a] ", `\\\"`, `{"a":`, `["`, "a=b ", "class=A "}, hostile...)
	prefixes := []string{railsPrefix, railsPrefix + railsID + railsInbox + "status=400 ", railsInbox + "status=400 error='", railsPrefix + "Rejected Create activity ",
		`{"method":"POST","path":"/","controller":"C","x":"`, "pid=1 tid=a ", "pid=1 tid=a WARN: " + `{"context":"Job raised exception","job":{"args":[`,
		"INFO pid=1 tid=a context=Job raised exception job={", `{"ts":"x","pid":1,"tid":"a","msg":"`, `{"ts":"x","pid":1,"tid":"a","msg":"{\"context\":\"Job raised exception\",\"job\":{\"args\":[\"`}
	for _, format := range []pipeline.Format{pipeline.FormatRails, pipeline.FormatSidekiq, pipeline.FormatUnknown} {
		p := newParser(t, Options{Format: format})
		for _, prefix := range prefixes {
			for _, piece := range pieces {
				line := prefix + strings.Repeat(piece, size/len(piece))
				var e pipeline.Event
				p.Parse(line, Env{Read: readAt}, &e)
				checkEvent(t, prefix+piece+"…", &e)
				p.Reset()
			}
		}
	}
}
