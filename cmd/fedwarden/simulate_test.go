package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
)

// TestSimulatedIsUnderstood holds the simulator's lines to the parser, in every format, and what is read of them to what
// was meant: the writer and the reader know nothing of each other.
func TestSimulatedIsUnderstood(t *testing.T) {
	for _, flags := range [][]string{
		{"--nginx=json", "--rails=verified", "--sidekiq=8"},
		{"--nginx=combined", "--rails=stock", "--sidekiq=7", "--family=pareto"},
	} {
		dir := filepath.Join(t.TempDir(), "world")
		args := append([]string{"simulate", "--peers=500", "--days=1", "--scenario=login_guessing", "--scenario=poison_pill", dir}, flags...)
		var said bytes.Buffer
		c := &console{ctx: t.Context(), out: &said, err: &said}
		if code := c.execute(args); code != exitDone {
			t.Fatalf("%v: exit %d: %s", args, code, &said)
		}
		access := understood(t, filepath.Join(dir, "access.log"))
		rails := understood(t, filepath.Join(dir, "rails.log"))
		sidekiq := understood(t, filepath.Join(dir, "sidekiq.log"))
		for what, n := range map[string]int{
			"deliveries": access["inbox 202"], "accepted and logged by Rails": rails["inbox 202"], "refused tries to sign in": access["sign_in 429"],
			"tries to sign in": access["sign_in 200"], "throttles": rails["throttle"], "starts": sidekiq["start"], "ends": sidekiq["done"],
			"failures": sidekiq["fail"], "errors": sidekiq["job_error"], "rejections": sidekiq["rejection"], "signed by whom": access["domain"],
		} {
			if n == 0 {
				t.Errorf("%v: no %s", flags, what)
			}
		}
		if a, r := access["inbox 202"], rails["inbox 202"]; r < a || r > a+a/50+10 {
			t.Errorf("%v: nginx has %d deliveries with 202, Rails %d", flags, a, r)
		}
	}
}

// understood counts what explain makes of a log, in which it must reject nothing.
func understood(t *testing.T, path string) map[string]int {
	t.Helper()
	var out, said bytes.Buffer
	c := &console{ctx: t.Context(), out: &out, err: &said}
	if code := c.execute([]string{"explain", "--output=json", path}); code != exitDone {
		t.Fatalf("explain %s: exit %d: %s", path, code, &said)
	}
	n := map[string]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var x explained
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		switch {
		case x.Result == "rejected":
			t.Errorf("%s:%d: rejected: %s", path, x.Line, x.Reason)
		case x.Event != nil:
			countExplained(n, x.Event)
		}
	}
	return n
}

func countExplained(n map[string]int, e *explainedEvent) {
	n[e.Kind]++
	n[e.JobState]++
	if e.Status != nil {
		status, _ := json.Marshal(*e.Status)
		n[e.Endpoint+" "+string(status)]++
	}
	if e.Domain != "" {
		n["domain"]++
	}
}
