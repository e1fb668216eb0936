package discover

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const access = "/var/log/nginx/access.log"

// conf returns a configuration with text in its block of HTTP.
func conf(text string) string {
	return "user www-data;\nevents { worker_connections 768; }\nstream { server { access_log /var/log/nginx/stream.log basic; } }\nhttp {\n" + text + "\n}\n"
}

func TestNginx(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		root := plant(t, "/etc/nginx/nginx.conf", conf(text), access, fine, "/var/log/nginx/b.log", fine, "/usr/share/nginx/logs/c.log", fine)
		equal(t, find(t, root), want...)
	}
	f("", "file "+access+" nginx")
	f("access_log "+access+";", "file "+access+" nginx")
	f("access_log "+access+"; server { server_name a.example b.example; } server { server_name c.example; access_log /var/log/nginx/b.log; }",
		"file "+access+" nginx of a.example b.example", "file /var/log/nginx/b.log nginx of c.example")
	f("server { server_name a.example; access_log /var/log/nginx/b.log; }", "file /var/log/nginx/b.log nginx of a.example")
	f("server { server_name a.example; } server { server_name c.example; access_log /var/log/nginx/b.log; }",
		"file "+access+" nginx of a.example", "file /var/log/nginx/b.log nginx of c.example")
	f("access_log logs/c.log;", "file /usr/share/nginx/logs/c.log nginx")
	f("server { location /x { if ($a) { access_log /var/log/nginx/b.log; } } access_log "+access+"; }",
		"file "+access+" nginx", "file /var/log/nginx/b.log nginx")

	// what is not a file, or none that can be followed
	f("access_log off;", "warning nginx: access_log off: its requests are not logged → access_log "+access+";")
	f("access_log "+access+"; server { server_name a.example; access_log off; location /x { access_log off; } }", "file "+access+" nginx",
		"warning nginx, server a.example: access_log off: its requests are not logged → access_log "+access+";")
	f("access_log syslog:server=unix:/dev/log,nohostname;",
		"problem nginx: logs to syslog:server=unix:/dev/log,nohostname, not to a file → access_log "+access+"; besides it, or name the file that syslog writes as an input")
	f("access_log /dev/stdout;", "problem nginx: logs to /dev/stdout, not to a file → access_log "+access+"; besides it")
	f("access_log "+access+" combined gzip flush=1s;", "problem "+access+": nginx writes it compressed, which can't be followed → take gzip out of its access_log")
	f("access_log /var/log/nginx/none.log;", "problem /var/log/nginx/none.log: no such file or directory → ")
	f("access_log /var/log/$host/access.log;",
		"problem /var/log/$host/access.log: has variables in its path, which can't be followed → name the files that there are as inputs")
	f("access_log /var/log/nginx/$host;", "problem /var/log/nginx/$host: has variables in its path, which can't be followed → name the files that there are as inputs")
	f("access_log /var/log/nginx/${host}cess.log;", "file "+access+" nginx",
		"warning /var/log/nginx/${host}cess.log: has variables in its path: of its files those are read that are there at the start → ")
	f("access_log", "file "+access+" nginx", "problem /etc/nginx/nginx.conf: line 6: unexpected \"}\" → nginx -t")
}

func TestNginxFormats(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		line := `{"a":"192.0.2.1","t":"2026-11-23T07:21:38+00:00","request":"POST /inbox HTTP/1.1","status":202}` + "\n"
		equal(t, find(t, plant(t, "/etc/nginx/nginx.conf", conf(text), access, line, "/var/log/nginx/b.log", fine)), want...)
	}
	const format = `{"a":"$remote_addr","t":"$time_iso8601","request":"$request","status":$status}`
	f("log_format x escape=json '{\"a\":\"$remote_addr\",\"t\":\"$time_iso8601\",'\n '\"request\":\"$request\",\"status\":$status}'; access_log "+access+" x;",
		"file "+access+" nginx as "+format)
	f("access_log "+access+" x flush=1s; log_format x escape=json '"+format+"';", "file "+access+" nginx as "+format)
	f("log_format x escape=none '"+format+"'; access_log "+access+" x;", "file "+access+" nginx as log_format x escape=none '"+format+"'",
		"warning "+access+": log_format x has escape=none: strangers can write lines into this log → escape=json or escape=default")
	f("log_format x '$remote_addr'; access_log /var/log/nginx/b.log x;", "file /var/log/nginx/b.log nginx",
		"warning /var/log/nginx/b.log: log_format x can't be used: no $status: what became of a request can't be told → fedwarden snippet nginx-logformat")
	// of two logs of the same requests one is enough, even if they stand in different formats
	f("log_format x escape=json '"+format+"'; access_log /var/log/nginx/b.log; access_log "+access+" x;", "file "+access+" nginx as "+format,
		"warning /var/log/nginx/b.log: has the same requests as "+access+", which tells more or as much: left out → ")
	f("log_format x escape=json '"+format+"'; access_log /var/log/nginx/b.log; access_log "+access+" x if=$loggable;", "file /var/log/nginx/b.log nginx",
		"warning "+access+": has the same requests as /var/log/nginx/b.log, which tells more or as much: left out → ")
	f("log_format x escape=json '"+format+"'; access_log /var/log/nginx/b.log; access_log /var/log/nginx/b.log x;", "file /var/log/nginx/b.log nginx",
		"warning /var/log/nginx/b.log: has each request twice, as combined and as x → leave one of its access_log out")
	// a file of two formats is recognised line by line
	f("log_format x escape=json '"+format+"'; access_log /var/log/nginx/b.log; server { access_log /var/log/nginx/b.log x; } server { access_log off; }",
		"file /var/log/nginx/b.log nginx", "warning nginx: access_log off: its requests are not logged → access_log "+access+";")
}

func TestNginxBuffers(t *testing.T) {
	f := func(options string, want ...string) {
		t.Helper()
		equal(t, find(t, plant(t, "/etc/nginx/nginx.conf", conf("access_log "+access+" combined "+options+";"), access, fine)), want...)
	}
	f("", "file "+access+" nginx")
	f("buffer=32k flush=2s", "file "+access+" nginx")
	f("buffer=32k flush=1m", "file "+access+" nginx late 1m5s",
		"warning "+access+": nginx holds its lines back for 1m0s: alerts come that much later, and its input needs lateness: 1m5s → flush=1s in its access_log")
	f("buffer=32k", "file "+access+" nginx late 10m0s",
		"warning "+access+": nginx holds its lines back until the buffer is full (no flush=): alerts come that much later, and its input needs lateness: 10m0s → flush=1s in its access_log")
	f("if=$x", "file "+access+" nginx", "warning "+access+": holds some requests only (if=): floods of the others will not be seen → ")
}

func TestNginxTime(t *testing.T) {
	for text, want := range map[string]time.Duration{"5": 5 * time.Second, "1m30s": 90 * time.Second, "500ms": time.Second / 2, "1h": time.Hour, "1d": 24 * time.Hour} {
		if got, ok := nginxTime(text); !ok || got != want {
			t.Errorf("%s: got %s, %t, want %s", text, got, ok, want)
		}
	}
	for _, bad := range []string{"", "s", "1y2", "-1s", "99999999999999s", "1.5s", "5 s"} {
		if got, ok := nginxTime(bad); ok {
			t.Errorf("%q: got %s, want none", bad, got)
		}
	}
}

// Includes stand where they are, are relative to nginx.conf, may be links to anywhere below the root, and end.
func TestNginxIncludes(t *testing.T) {
	root := plant(t, "/etc/nginx/nginx.conf", conf("include conf.d/*.conf; include /etc/nginx/sites-enabled/*; include none.conf;"),
		"/etc/nginx/conf.d/log.conf", "access_log /var/log/nginx/main.log;\ninclude conf.d/log.conf;",
		"/etc/nginx/sites-available/a", "server { include server.inc; access_log /var/log/nginx/a.log; }",
		"/etc/nginx/server.inc", "server_name a.example;",
		"/var/log/nginx/a.log", fine, "/var/log/nginx/main.log", fine)
	for link, to := range map[string]string{"a": "/etc/nginx/sites-available/a", "gone": "/etc/nginx/sites-available/gone", "loop": "loop"} {
		link = filepath.Join(root, "/etc/nginx/sites-enabled", link)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, find(t, root), "file /var/log/nginx/main.log nginx", "file /var/log/nginx/a.log nginx of a.example",
		"problem /etc/nginx/sites-enabled/loop: too many levels of symbolic links → ",
		"problem /etc/nginx/none.conf: no such file or directory → ")
}

// A configuration that includes itself in many ways ends soon.
func TestNginxIncludesAreBounded(t *testing.T) {
	files := []string{"/etc/nginx/nginx.conf", "include conf.d/*;", access, fine}
	for i := range 50 {
		files = append(files, fmt.Sprintf("/etc/nginx/conf.d/%d", i), "include conf.d/*; a;")
	}
	w := &webserver{found: &Found{}, tree: tree{plant(t, files...)}, dir: "/etc/nginx", left: maxDirectives}
	w.load("/etc/nginx/nginx.conf", 0)
	if w.files < maxFiles || w.files > 60*maxFiles {
		t.Errorf("got %d files, want a bound near %d", w.files, maxFiles)
	}
}

func TestNginxWithoutConfiguration(t *testing.T) {
	root := plant(t, access, fine, "/var/log/nginx/a.access.log", "", "/var/log/nginx/b-access.log", strings.Repeat("what is this\n", 9), "/var/log/nginx/error.log", fine)
	equal(t, find(t, root), "file /var/log/nginx/a.access.log unknown", "file "+access+" nginx",
		"problem /var/log/nginx/b-access.log: its format is not recognised → fedwarden explain /var/log/nginx/b-access.log",
		"warning /var/log/nginx/a.access.log: is empty → ")
}
