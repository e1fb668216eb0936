//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/sinks/sinktest"
)

// hookSecret is what the receiver of webhooks verifies signatures with.
const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestEndToEnd floods a server of real parts: nginx, Redis, Sidekiq; rotates nginx's log with logrotate
// while it lasts; and sees the alert arrive at a receiver of webhooks and at Slack, and every line read.
func TestEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	s := newSite(t)
	hook, slack := sinktest.NewWebhook(t, hookSecret), sinktest.NewSlack(t)
	peers := &client{t: t, url: s.url, http: &http.Client{Timeout: patience}}
	peers.live(0) // before fedwarden runs: it finds logs that have lines

	w := startWarden(t, s, hook.URL(), slack.URL())
	stop := peers.flood()
	peers.live(1)
	await(t, "half of the flood", func() bool { return lines(t, s.access) > 400 })
	s.rotate(t)
	await(t, "the other half", func() bool { return lines(t, s.rotated()) > 400 && lines(t, s.access) > 400 })
	stop()
	peers.live(2)
	if err := s.backend.enqueue("ActivityPub::DeliveryWorker", "push", `{"id":"https://social.example/x"}`, 1, "https://fail.example/inbox"); err != nil {
		t.Fatal(err)
	}

	alert := awaitFlood(t, hook, slack)
	checkFlood(t, alert)

	s.end(t)
	if got, want := lines(t, s.rotated(), s.access), uint64(peers.sent.Load()); got != want {
		t.Errorf("nginx's logs have %d lines, want %d, one for each request", got, want)
	}
	w.awaitLines(s)
	if code := w.stop(); code != 0 {
		t.Errorf("fedwarden: exit code %d after SIGTERM, want 0", code)
	}
	w.checkState(s)
	w.checkHistory(alert.ID)
	if refused := append(hook.Refused(), slack.Refused()...); len(refused) > 0 {
		t.Errorf("deliveries were refused: %q", refused)
	}
	for _, d := range hook.Taken() {
		if d.Alert.Detector != "domain_flood" {
			t.Errorf("got an alert of %s, want none but domain_flood's: %s", d.Alert.Detector, d.Body)
		}
	}
}

// awaitFlood returns the alert of the flood as soon as the webhook and Slack have it.
func awaitFlood(t *testing.T, hook *sinktest.Webhook, slack *sinktest.Slack) pipeline.Alert {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	isFlood := func(d sinktest.Delivery) bool {
		return d.Alert.Detector == "domain_flood" && d.Alert.Status == pipeline.StatusFiring
	}
	taken, err := hook.Wait(ctx, func(list []sinktest.Delivery) bool { return slices.ContainsFunc(list, isFlood) })
	if err != nil {
		t.Fatalf("no webhook of domain_flood came: %v; got %d others, refused %q", err, len(taken), hook.Refused())
	}
	alert := taken[slices.IndexFunc(taken, isFlood)].Alert
	named := func(m sinktest.Message) bool { return strings.Contains(m.All(), alert.ID) }
	if _, err := slack.Wait(ctx, func(list []sinktest.Message) bool { return slices.ContainsFunc(list, named) }); err != nil {
		t.Fatalf("no message of %s came to Slack: %v; refused %q", alert.ID, err, slack.Refused())
	}
	return alert
}

// checkFlood: nobody has proven to be flood.example, so the address is named, and the name is a claim.
func checkFlood(t *testing.T, a pipeline.Alert) {
	t.Helper()
	if a.Entity.Type != pipeline.EntityIP || a.Entity.Value != flooder.ip {
		t.Errorf("entity: got %s %s, want ip %s", a.Entity.Type, a.Entity.Value, flooder.ip)
	}
	if a.Entity.Attribution == nil || *a.Entity.Attribution != pipeline.IPOnly {
		t.Errorf("attribution: got %v, want ip_only", a.Entity.Attribution)
	}
	if !slices.Contains(a.Related.Domains, flooder.host) {
		t.Errorf("related domains: got %q, want %s among them", a.Related.Domains, flooder.host)
	}
	if a.Severity < pipeline.SeverityMedium || a.Instance == nil || *a.Instance != "social.example" {
		t.Errorf("got severity %s and instance %v, want medium or more and social.example", a.Severity, a.Instance)
	}
	if !slices.Contains(a.Context, pipeline.ContextLearning) {
		t.Errorf("context: got %q, want learning: the state is minutes old", a.Context)
	}
	if len(a.Evidence.Samples) == 0 || a.Evidence.Total < 100 {
		t.Errorf("evidence: got %d events and %d samples, want more", a.Evidence.Total, len(a.Evidence.Samples))
	}
}

// A warden is a fedwarden that runs.
type warden struct {
	*process
	binary, state string
}

// startWarden builds fedwarden and starts it on the site's logs; it returns when fedwarden is ready.
func startWarden(t *testing.T, s *site, hook, slack string) *warden {
	t.Helper()
	dir := t.TempDir()
	w := &warden{binary: filepath.Join(dir, "fedwarden"), state: filepath.Join(dir, "state")}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", w.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	config, listen := filepath.Join(dir, "fedwarden.yaml"), "127.0.0.1:"+freePort(t)
	text := fmt.Sprintf(`
instance: {domain: social.example}
inputs:
  - {path: %q, format: nginx}
  - {path: %q, format: sidekiq}
sinks:
  webhook: {url: %q, secrets: [%q]}
  slack: {webhook_url: %q}
listen: %s
`, s.access, s.jobs, hook, hookSecret, slack, listen)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.process = start(t, filepath.Join(dir, "fedwarden.out"), nil, w.binary, "run", "--config", config, "--state", w.state)
	w.await("fedwarden to be ready", func() bool { return isReady(listen) })
	return w
}

func isReady(listen string) bool {
	resp, err := http.Get("http://" + listen + "/readyz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// report asks `fedwarden state`.
func (w *warden) report() (stateReport, error) {
	var r stateReport
	cmd := exec.Command(w.binary, "state", "--state", w.state, "--output", "json")
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("fedwarden state: %w\n%s", err, out)
	}
	return r, json.Unmarshal(out, &r)
}

// awaitLines returns when fedwarden has read all that the logs have.
func (w *warden) awaitLines(s *site) {
	w.t.Helper()
	want := lines(w.t, s.rotated(), s.access) + lines(w.t, s.jobs)
	await(w.t, "fedwarden to read all lines", func() bool {
		r, err := w.report()
		if err != nil {
			w.t.Fatal(err)
		}
		var n uint64
		for _, stream := range r.Streams {
			n += stream.Lines
		}
		return n >= want
	})
}

// checkState: of each log every line was read once, over the rotation too, and none was late or lost. The
// directory says so, since fedwarden has ended.
func (w *warden) checkState(s *site) {
	w.t.Helper()
	r, err := w.report()
	if err != nil {
		w.t.Fatal(err)
	}
	if r.Running || r.Outbox != 0 || len(r.Streams) != 2 {
		w.t.Errorf("state: got running %t, %d in the outbox, %d streams, want false, 0, 2", r.Running, r.Outbox, len(r.Streams))
	}
	want := map[bool]uint64{true: lines(w.t, s.rotated(), s.access), false: lines(w.t, s.jobs)}
	for _, stream := range r.Streams {
		isNginx := strings.Contains(string(stream.Stream), filepath.Base(s.access))
		if stream.Lines != want[isNginx] || stream.Rejected+stream.Late+stream.Lost != 0 {
			w.t.Errorf("state: got %+v, want %d lines, none rejected, late or lost", stream, want[isNginx])
		}
	}
}

// checkHistory: the alert that was delivered stands in the history under its id.
func (w *warden) checkHistory(id string) {
	w.t.Helper()
	out, err := exec.Command(w.binary, "alerts", "show", id, "--state", w.state).CombinedOutput()
	if err != nil || !strings.Contains(string(out), id) {
		w.t.Errorf("fedwarden alerts show %s: %v\n%s", id, err, out)
	}
}
