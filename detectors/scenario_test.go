package detectors_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/detectors"
	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
	"github.com/fedwarden/fedwarden/pipeline/identity"
	"github.com/google/go-cmp/cmp"
)

var rewrite = flag.Bool("rewrite", false, "write the scenarios' results into their files")

// TestScenarios plays every script of testdata/scenarios: what is sent stands above the line of dashes,
// what is told below it. The verbs:
//
//	send TIME key=value…   events; count=N over=DURATION spreads them, "%d" in a value is their number, modulo N with of=N;
//	                       after a "|" come the fields of another event that is sent with each
//	advance TIME           the logs were quiet until then
//	lose TIME LOG N        so many lines of a log are known to be lost
//	restart                snapshot, and go on with a fresh engine that restored it
//
// A TIME is a duration since the start of the scenario's clock, 2026-11-01 00:00:00 UTC.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

const dashes = "----\n"

func playFile(t *testing.T, file string) {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	script, want, _ := strings.Cut(string(src), dashes)
	got := play(t, script)
	if *rewrite {
		if err := os.WriteFile(file, []byte(script+dashes+got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts differ (-want +got), `go test ./detectors -rewrite` writes them anew:\n%s", diff)
	}
}

// A stage is a running engine and what it has told.
type stage struct {
	t      *testing.T
	engine *engine.Engine
	seq    map[pipeline.StreamID]uint64
	told   strings.Builder
	heard  func(*pipeline.Alert) // instead of told
}

var clock = pipeline.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

func newTestEngine() *engine.Engine {
	secret := pipeline.Secret([]byte("a scenario's key"))
	var list []engine.Registered
	for _, b := range detectors.Build(detectors.Options{Secret: secret}) {
		list = append(list, engine.Registered{Spec: b.Spec, Detector: b.Detector})
	}
	return engine.New(engine.Config{Instance: "social.example", Secret: secret, Detectors: list,
		Identifier: identity.New(identity.Options{Secret: secret})})
}

func play(t *testing.T, script string) string {
	s := &stage{t: t, engine: newTestEngine(), seq: map[pipeline.StreamID]uint64{}}
	for n, line := range strings.Split(script, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if err := s.verb(words); err != nil {
			t.Fatalf("line %d: %s: %v", n+1, line, err)
		}
	}
	return s.told.String()
}

func (s *stage) verb(words []string) error {
	if words[0] == "restart" {
		return s.restart()
	}
	if len(words) < 2 {
		return fmt.Errorf("no time")
	}
	d, err := time.ParseDuration(words[1])
	if err != nil {
		return err
	}
	at := clock.Add(d)
	switch words[0] {
	case "send":
		return s.send(at, words[2:])
	case "lose":
		return s.lose(at, words[2:])
	case "advance":
		for id := range s.seq {
			s.process(&pipeline.Batch{Stream: id, CaughtUp: at.Add(2 * time.Second)})
		}
		return nil
	}
	return fmt.Errorf("no such verb")
}

func (s *stage) process(b *pipeline.Batch) {
	if _, known := s.seq[b.Stream]; !known {
		s.seq[b.Stream] = 0
		b.Opened, b.Lateness = true, 2*time.Second
	}
	for _, a := range s.engine.Process(b) {
		if s.heard != nil {
			s.heard(&a)
			continue
		}
		s.tell(&a)
	}
}

func (s *stage) tell(a *pipeline.Alert) {
	attribution := "-"
	if a.Entity.Attribution != nil {
		attribution = a.Entity.Attribution.String()
	}
	if a.Campaign != nil {
		attribution += " in " + *a.Campaign
	}
	explained := ""
	for _, c := range a.Context {
		if c != pipeline.ContextLearning {
			explained += " (" + string(c) + ")"
		}
	}
	if a.Proven != nil {
		attribution += fmt.Sprintf(" proven %s %s", a.Proven.Value, a.Proven.Attribution)
	}
	fmt.Fprintf(&s.told, "%s %s %s %s %s %s %s | %s%s\n", a.At, a.Status, a.Severity, a.Detector, a.Entity.Type, a.Entity.Value, attribution, a.Summary, explained)
}

func (s *stage) restart() error {
	next := newTestEngine()
	marks := s.engine.Marks()
	for _, p := range s.engine.Parts() {
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			return err
		}
		p.Data = b.Bytes()
		if err := next.RestorePart(p); err != nil {
			return err
		}
	}
	next.SetMarks(marks)
	s.engine = next
	for id := range s.seq {
		s.process(&pipeline.Batch{Stream: id, Opened: true, Lateness: 2 * time.Second})
	}
	return nil
}

func (s *stage) send(at pipeline.Time, words []string) error {
	count, of, over := 1, 1<<30, time.Duration(0)
	kinds := []map[string]string{newFields()}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		var err error
		switch key {
		case "count":
			count, err = strconv.Atoi(value)
		case "of":
			of, err = strconv.Atoi(value)
		case "over":
			over, err = time.ParseDuration(value)
		case "|":
			kinds = append(kinds, newFields())
		default:
			kinds[len(kinds)-1][key] = value
		}
		if err != nil {
			return err
		}
	}
	for _, fields := range kinds {
		if fields["job"] != "" {
			delete(fields, "method")
			delete(fields, "endpoint")
			delete(fields, "status")
		}
	}
	for i := range count {
		for _, fields := range kinds {
			e, err := event(fields, i%of)
			if err != nil {
				return err
			}
			s.bring(at.Add(over*time.Duration(i)/time.Duration(count)), fields["format"], e)
		}
	}
	return nil
}

func (s *stage) lose(at pipeline.Time, words []string) error {
	if len(words) != 2 {
		return fmt.Errorf("not a log and a number")
	}
	n, err := strconv.ParseUint(words[1], 10, 64)
	s.process(&pipeline.Batch{Stream: pipeline.StreamID(words[0]), LostLines: n, CaughtUp: at})
	return err
}

func newFields() map[string]string {
	return map[string]string{"format": "nginx", "method": "POST", "endpoint": "inbox", "status": "202"}
}

// bring hands over one event of a stream.
func (s *stage) bring(at pipeline.Time, stream string, e *pipeline.Event) {
	id := pipeline.StreamID(stream)
	e.Time, e.Seq, e.Lines = at, s.seq[id]+1, 1
	s.process(&pipeline.Batch{Stream: id, Events: []pipeline.Event{*e}})
	s.seq[id]++
}

// put is bring for the event that the fields describe.
func (s *stage) put(at pipeline.Time, fields map[string]string) {
	e, err := event(fields, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.bring(at, fields["format"], e)
}

// event makes the i-th event that the fields describe.
func event(fields map[string]string, i int) (*pipeline.Event, error) {
	e := &pipeline.Event{Kind: pipeline.KindRequest}
	for key, value := range fields {
		if strings.Contains(value, "%d") {
			value = strings.ReplaceAll(value, "%d", strconv.Itoa(i))
		}
		if err := setField(e, key, value); err != nil {
			return nil, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	return e, nil
}

func setField(e *pipeline.Event, key, value string) error {
	switch key {
	case "format":
		e.Format = pipeline.ParseFormat(value)
	case "kind":
		e.Kind = map[string]pipeline.Kind{"rejected": pipeline.KindRejected, "request": pipeline.KindRequest, "throttle": pipeline.KindThrottle,
			"job": pipeline.KindJob, "job_error": pipeline.KindJobError}[value]
	case "job":
		e.Kind, e.JobClass, e.JobState = pipeline.KindJob, value, pipeline.JobStart
	case "size":
		n, err := strconv.ParseInt(value, 10, 64)
		e.RequestBytes = n
		return err
	case "method":
		e.Method = map[string]pipeline.Method{"GET": pipeline.MethodGet, "POST": pipeline.MethodPost}[value]
	case "endpoint":
		for ep := range pipeline.EndpointTagPage + 1 {
			if ep.String() == value {
				e.Endpoint = ep
			}
		}
	case "status":
		n, err := strconv.Atoi(value)
		e.Status = uint16(n)
		return err
	case "ip":
		addr, err := netip.ParseAddr(value)
		e.IP = addr
		return err
	case "agent":
		e.AgentHost = value
	case "key":
		e.KeyID, e.KeyHost = value, strings.Split(strings.TrimPrefix(value, "https://"), "/")[0]
	case "software":
		e.Software, e.Version, _ = strings.Cut(value, "/")
	case "user":
		e.LocalUser = value
	case "class":
		e.JobClass = value
	case "state":
		e.JobState = map[string]pipeline.JobState{"start": pipeline.JobStart, "done": pipeline.JobDone, "fail": pipeline.JobFail}[value]
	case "thread":
		e.PID, e.TID = "7", value
	case "remote":
		e.RemoteHost = value
	case "path":
		e.Path = value
	case "browser":
		e.UserAgent = value
	case "took":
		d, err := time.ParseDuration(value)
		e.Duration, e.Upstream = d, d
		return err
	case "kb":
		n, err := strconv.Atoi(value)
		e.RequestBytes = int64(n) * 1024
		return err
	case "jid":
		e.JobID, e.JobClass = value, "ActivityPub::ProcessingWorker"
	case "verified":
		e.Verified = map[string]pipeline.Verdict{"yes": pipeline.VerdictYes, "no": pipeline.VerdictNo}[value]
	default:
		return fmt.Errorf("no such field")
	}
	return nil
}
