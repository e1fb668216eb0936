//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A site is a Mastodon server of real parts: nginx before a backend that answers as Mastodon's inbox
// does, and Sidekiq, which works on what the backend puts into Redis.
type site struct {
	dir      string
	url      string // of nginx
	backend  *backend
	nginx    *process
	sidekiq  *process
	access   string // nginx's log
	jobs     string // Sidekiq's log
	rotateBy string // logrotate
}

// newSite starts a site that ends with the test.
func newSite(t *testing.T) *site {
	t.Helper()
	var (
		nginx   = program(t, "nginx", "nginx-light")
		redis   = program(t, "redis-server", "redis-server")
		sidekiq = program(t, "sidekiq", "ruby-sidekiq")
		dir     = t.TempDir()
		s       = &site{dir: dir, access: filepath.Join(dir, "access.log"), jobs: filepath.Join(dir, "sidekiq.log")}
	)
	s.rotateBy = program(t, "logrotate", "logrotate")
	socket := startRedis(t, dir, redis)
	s.sidekiq = startSidekiq(t, s.jobs, sidekiq, socket)
	s.backend = newBackend(t, dialRedis(t, socket))
	s.startNginx(t, nginx)
	return s
}

func startRedis(t *testing.T, dir, path string) (socket string) {
	t.Helper()
	socket = filepath.Join(dir, "redis.sock")
	p := start(t, filepath.Join(dir, "redis.log"), nil, path, "--port", "0", "--unixsocket", socket, "--dir", dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no")
	p.await("redis", func() bool { return listens("unix", socket) })
	return socket
}

func startSidekiq(t *testing.T, log, path, socket string) *process {
	t.Helper()
	worker, err := filepath.Abs(filepath.Join("testdata", "e2e", "worker.rb"))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, log, []string{"REDIS_URL=unix://" + socket}, path, "-e", "production", "-c", "5", "-r", worker,
		"-q", "ingress", "-q", "push", "-q", "default")
	p.await("sidekiq", func() bool { return lines(t, log) > 0 })
	return p
}

func (s *site) startNginx(t *testing.T, path string) {
	t.Helper()
	user, port := "", freePort(t)
	if os.Getuid() == 0 {
		user = "user root;" // the logs are in a directory that nobody else may enter
	}
	s.url = "http://127.0.0.1:" + port
	conf := filepath.Join(s.dir, "nginx.conf")
	fill(t, "testdata/e2e/nginx.conf", conf, "@FORMAT@", recommendedFormat(s.access), "@USER@", user, "@DIR@", s.dir,
		"@PORT@", port, "@BACKEND@", s.backend.addr)
	s.nginx = start(t, filepath.Join(s.dir, "nginx.out"), nil, path, "-p", s.dir, "-c", conf)
	s.nginx.await("nginx", func() bool { return listens("tcp", "127.0.0.1:"+port) })
}

// recommendedFormat returns what `fedwarden snippet nginx-logformat` recommends, with the log in the file access.
func recommendedFormat(access string) string {
	return strings.ReplaceAll(nginxLogFormat, "/var/log/nginx/access.log", access)
}

// rotate makes logrotate rotate nginx's log, now.
func (s *site) rotate(t *testing.T) {
	t.Helper()
	conf := filepath.Join(s.dir, "logrotate.conf")
	fill(t, "testdata/e2e/logrotate.conf", conf, "@DIR@", s.dir)
	out, err := exec.Command(s.rotateBy, "--force", "--verbose", "--state", filepath.Join(s.dir, "logrotate.state"), conf).CombinedOutput()
	if err != nil {
		t.Fatalf("logrotate: %v\n%s", err, out)
	}
}

// rotated is where nginx's log went.
func (s *site) rotated() string { return s.access + ".1" }

// end stops Sidekiq when it has done all its jobs, and nginx: their logs are whole.
func (s *site) end(t *testing.T) {
	t.Helper()
	await(t, "sidekiq to do its jobs", func() bool {
		b, err := os.ReadFile(s.jobs)
		if err != nil {
			t.Fatal(err)
		}
		started := strings.Count(string(b), " INFO: start\n")
		ended := strings.Count(string(b), " INFO: done\n") + strings.Count(string(b), " INFO: fail\n")
		return started == ended && started >= int(s.backend.enqueued.Load())
	})
	s.sidekiq.stop()
	s.nginx.stop()
}
