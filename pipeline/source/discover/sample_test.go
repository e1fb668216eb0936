package discover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

func TestAddresses(t *testing.T) {
	const mend = " → in nginx set_real_ip_from %s; and real_ip_header X-Forwarded-For; (CF-Connecting-IP behind Cloudflare), " +
		"or here trusted_proxies: [%s], with $http_x_forwarded_for in the log_format"
	f := func(address func(i int) string, want string, top string) {
		t.Helper()
		got := find(t, plant(t, access, combined(100, address)))
		if want != "" {
			want = "\nwarning " + access + ": " + want + ": a proxy seems to stand before nginx, and would be accused of what others do" + fmt.Sprintf(mend, top, top)
		}
		equal(t, got, "file "+access+" nginx"+want)
	}
	// one of the address a in 100 − n lines, else various
	share := func(n int, a string) func(int) string {
		return func(i int) string {
			if i < n {
				return a
			}
			return various(i)
		}
	}
	f(various, "", "")
	f(share(80, "198.51.100.1"), "", "")
	f(share(81, "198.51.100.1"), "81 of 100 requests come from 198.51.100.1", "198.51.100.1")
	f(share(100, "::1"), "100 of 100 requests come from ::1", "::1")
	f(func(i int) string { return fmt.Sprintf("10.0.0.%d", i%10) }, "100 of 100 requests come from private addresses", "10.0.0.0")
	few := find(t, plant(t, access, combined(fewRequests-1, share(100, "198.51.100.1"))))
	equal(t, few, "file "+access+" nginx")
}

func TestOldLogs(t *testing.T) {
	old := strings.ReplaceAll(fine, "23/Nov/2026:07", "21/Nov/2026:07")
	equal(t, find(t, plant(t, access, old)), "file "+access+" nginx",
		"warning "+access+": has no line since 2026-11-21T07:29:02Z: is it still written? → ")
	mixed := fine + strings.Repeat("what is this\n", 9)
	equal(t, find(t, plant(t, access, mixed)), "file "+access+" nginx",
		"warning "+access+": 9 of 39 lines can't be read → fedwarden explain "+access)
}

// Of a long log the end is looked at, without the half lines at both ends.
func TestSampleOfTheEnd(t *testing.T) {
	line := combined(1, various)
	name := filepath.Join(plant(t, "/a", strings.Repeat("x\n", sampleBytes)+strings.Repeat(line, 3000)+line[:20]), "a")
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	s, err := sample(in, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (sampleBytes - 20) / len(line); s.Lines != want || s.Events != want || s.Rejected != 0 || s.Format != pipeline.FormatNginx {
		t.Errorf("got %+v, want %d lines that are all events", s, want)
	}
}

// A log_format without a stamp is mended by one that has it.
func TestTimelessNginx(t *testing.T) {
	root := plant(t, "/etc/nginx/nginx.conf", conf("log_format x '$remote_addr \"$request\" $status'; access_log "+access+" x;"),
		access, strings.Repeat("192.0.2.1 \"GET / HTTP/1.1\" 200\n", 3))
	equal(t, find(t, root), "file "+access+" nginx as $remote_addr \"$request\" $status",
		"warning "+access+": bears no time stamps: a line has the time at which it is read, so that history in it teaches nothing → fedwarden snippet nginx-logformat")
}

const captures = "../../parse/testdata/captures/"

// capture returns lines that real software wrote, as of today.
func capture(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(captures + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMastodonFiles(t *testing.T) {
	const timeless = ": bears no time stamps: a line has the time at which it is read, so that history in it teaches nothing → let the journal or Docker keep it, which add the time"
	root := plant(t,
		"/var/log/mastodon/sidekiq.log", capture(t, "sidekiq-text.log"),
		"/var/log/mastodon/web.log", capture(t, "rails-lograge-keyvalue.log"),
		"/var/log/mastodon/old-web.log", capture(t, "rails-lograge-keyvalue-noprefix-v3.5-4.1.log"),
		"/var/log/mastodon/plain.log", capture(t, "sidekiq-text-without-timestamp.log"),
		"/var/log/mastodon/backup.log", "started\ndone\n", "/var/log/mastodon/empty.log", "",
		"/home/mastodon/live/log/production.log", capture(t, "rails-lograge-json.log"))
	equal(t, find(t, root),
		"file /var/log/mastodon/old-web.log rails", "file /var/log/mastodon/plain.log sidekiq",
		"file /var/log/mastodon/sidekiq.log sidekiq", "file /var/log/mastodon/web.log rails", "file /home/mastodon/live/log/production.log rails",
		"warning /var/log/mastodon/old-web.log"+timeless, "warning /var/log/mastodon/plain.log"+timeless)
}
