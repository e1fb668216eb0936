//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestZeroConfig starts `fedwarden run`, with no argument and no configuration, on a machine with a stock nginx, a
// Sidekiq that logs to a file, one that is a systemd unit, and containers of a compose file. It finds them all, and
// every line of each is counted once.
func TestZeroConfig(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real servers")
	}
	t.Parallel()
	w := newWorld(t)
	z := &zero{world: w, file: w.path("var/log/mastodon/sidekiq.log"), docker: map[string]string{}}
	z.servers()
	z.traffic(5)

	binary, err := exec.LookPath("fedwarden")
	if err != nil {
		t.Fatal(err)
	}
	out := w.path("fedwarden.out")
	p := w.start(out, []string{"HOME=/"}, binary, "run")
	p.await("the first state", func() bool { _, ok := z.report(binary); return ok })
	for range 5 {
		z.traffic(20)
	}
	late := w.container(3, "streaming")
	z.docker["mastodon-streaming-1"] = late
	z.traffic(5)
	p.await("the container that came", func() bool {
		r, _ := z.report(binary)
		return slices.ContainsFunc(r.Streams, func(s streamReport) bool { return strings.Contains(string(s.Stream), "streaming") })
	})
	z.end()
	p.await("every line", func() bool {
		r, ok := z.report(binary)
		return ok && z.missing(&r) == ""
	})
	resp, err := w.http.Get("http://127.0.0.1:9464/readyz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("readyz: got %v, %v", resp, err)
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r, ok := z.report(binary)
	if why := z.missing(&r); !ok || why != "" {
		t.Errorf("state: %s", why)
	}
	for _, s := range r.Streams {
		t.Logf("%s: %d lines, %d events, %d skipped, %d rejected, %d late, %d lost", s.Stream, s.Lines, s.Events, s.Skipped, s.Rejected, s.Late, s.Lost)
	}
}

const zeroUnit = "mastodon-sidekiq.service"

// A zero is a world whose logs nobody has configured.
type zero struct {
	*world
	backend *backend
	nginx   *process
	sidekiq []*process
	file    string            // of the Sidekiq that has one
	docker  map[string]string // logs by container
	n       int
}

func (z *zero) servers() {
	t := z.t
	nginx := program(t, "nginx", "nginx-light")
	redis, sidekiq := program(t, "redis-server", "redis-server"), program(t, "sidekiq", "ruby-sidekiq")
	worker, err := filepath.Abs(filepath.Join("testdata", "e2e", "worker.rb"))
	if err != nil {
		t.Fatal(err)
	}
	socket := startRedis(t, z.dir, redis)
	z.backend = newBackend(t, dialRedis(t, socket))
	z.journald("RateLimitIntervalSec=0\n")
	args := []string{sidekiq, "-e", "production", "-c", "2", "-r", worker, "-q", "ingress", "-q", "default"}
	env := []string{"REDIS_URL=unix://" + socket}
	z.sidekiq = append(z.sidekiq, z.start(z.file, env, args...), z.unit(zeroUnit, env, args...))
	z.docker["mastodon-web-1"], z.docker["mastodon-sidekiq-1"] = z.container(1, "web"), z.container(2, "sidekiq")
	z.container(9, "db")
	z.nginx = z.start(z.path("nginx.out"), nil, nginx, "-g", "daemon off;") // by Debian's configuration
	z.nginx.await("nginx", func() bool {
		conn, err := z.dial(t.Context(), "tcp", "127.0.0.1:80")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	await(t, "both Sidekiqs", func() bool { return lines(t, z.file) > 0 && z.entries(zeroUnit) > 0 })
}

// traffic makes each log grow by about n lines.
func (z *zero) traffic(n int) {
	z.t.Helper()
	for range n {
		z.n++
		resp, err := z.http.Get(fmt.Sprintf("http://127.0.0.1:80/?n=%d", z.n))
		if err != nil {
			z.t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err := z.backend.enqueue("LocalNotificationWorker", "default", 1, z.n, "Mention", "mention"); err != nil {
			z.t.Fatal(err)
		}
		now := time.Now().UTC()
		stamp, at := now.Format(time.RFC3339Nano), now.Format("2006-01-02T15:04:05.000Z")
		for name, log := range z.docker {
			line := fmt.Sprintf("%s pid=1 tid=2ax class=ActivityPub::ProcessingWorker jid=%024x INFO: start", at, z.n)
			if strings.Contains(name, "web") {
				line = fmt.Sprintf("[%08x-0000-4000-8000-000000000000] method=POST path=/inbox format=json controller=ActivityPub::InboxesController action=create status=202 duration=9.04 view=0.00 db=2.11", z.n)
			}
			appendFile(z.t, log, dockerLines(stamp, line))
		}
	}
}

// end stops the servers: their logs are whole.
func (z *zero) end() {
	for _, p := range append(z.sidekiq, z.nginx) {
		p.stop()
	}
}

// want returns how many lines each log has, by what its stream's name ends with.
func (z *zero) want() map[string]uint64 {
	m := map[string]uint64{"/var/log/nginx/access.log": lines(z.t, z.path("var/log/nginx/access.log")),
		"/var/log/mastodon/sidekiq.log": lines(z.t, z.file), "/" + zeroUnit: z.entries(zeroUnit)}
	for name, log := range z.docker {
		m[":"+name+"@"+filepath.Base(log)[:12]] = lines(z.t, log)
	}
	return m
}

// missing says what of r is not as the logs are, if anything.
func (z *zero) missing(r *stateReport) string {
	var wrong []string
	want := z.want()
	for _, s := range r.Streams {
		name := ""
		for end := range want {
			if strings.HasSuffix(string(s.Stream), end) {
				name = end
			}
		}
		if s.Lines != want[name] || s.Lost+s.Late > 0 || s.Events == 0 && name != "" {
			wrong = append(wrong, fmt.Sprintf("got %+v, want %d lines", s, want[name]))
		}
		delete(want, name)
	}
	for name, n := range want {
		wrong = append(wrong, fmt.Sprintf("no stream of %s, which has %d lines", name, n))
	}
	return strings.Join(wrong, "\n")
}

// report asks `fedwarden state`, with no argument either.
func (z *zero) report(binary string) (r stateReport, ok bool) {
	out, err := z.output(binary, "state", "--output", "json")
	return r, err == nil && json.Unmarshal([]byte(out), &r) == nil
}
