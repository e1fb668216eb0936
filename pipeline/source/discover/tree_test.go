package discover

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// Links lead nowhere but below the root.
func TestTreeIsClosed(t *testing.T) {
	root := plant(t, "/a/b", "inside", "/etc/hostname", "inside")
	for link, to := range map[string]string{"up": "../../../../etc/hostname", "abs": "/etc/hostname", "dir": "/a", "self": "self"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"/up", "/abs", "/dir/b", "/dir/../../../etc/hostname", "/a/../../abs"} {
		if got, err := (tree{root}).read(name, 10); err != nil || got != "inside" {
			t.Errorf("%s: got %q, %v, want what is inside", name, got, err)
		}
	}
	for _, name := range []string{"/self", "/self/x", "/none", "/a", "/dir/none"} {
		if got, err := (tree{root}).read(name, 10); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
	if got, err := (tree{root}).read("/a/b", 3); err == nil {
		t.Errorf("got %q of a file that is too long, want an error", got)
	}
}

func TestGlob(t *testing.T) {
	root := plant(t, "/a/x/1.log", "", "/a/y/2.log", "", "/a/.z/3.log", "", "/a/y/.4.log", "", "/a/file", "")
	for pattern, want := range map[string]string{
		"/a/*/*.log": "[/a/x/1.log /a/y/2.log]", "/a/y/2.log": "[/a/y/2.log]", "/none/*": "[]", "/a/*/none": "[/a/file/none /a/x/none /a/y/none]",
	} {
		got, err := (tree{root}).glob(pattern)
		if text := shownList(got); err != nil || text != want {
			t.Errorf("%s: got %s, %v, want %s", pattern, text, err, want)
		}
	}
}

func shownList(list []string) string {
	s := ""
	for i, x := range list {
		if i > 0 {
			s += " "
		}
		s += x
	}
	return "[" + s + "]"
}

// asNobody runs f without the rights of root, from whom nothing is kept.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	set := func(id uintptr) {
		syscall.RawSyscall(syscall.SYS_SETFSGID, id, 0, 0)
		syscall.RawSyscall(syscall.SYS_SETFSUID, id, 0, 0)
	}
	set(nobody)
	defer set(0)
	f()
}

// What is closed is told with the command that opens it: by the group that may, or for this one alone.
func TestClosed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of others")
	}
	root := plant(t, access, fine, "/etc/group", "root:x:0:\nadm:x:4:syslog\n", "/etc/nginx/nginx.conf", conf(""),
		"/var/log/mastodon/web.log", "x", "/home/mastodon/live/log/production.log", "x",
		"/var/lib/docker/containers/c1/config.v2.json", "{}")
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	const adm = 4
	closed := func(name string, mode os.FileMode, gid int) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := errors.Join(os.Chown(name, 0, gid), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
	}
	closed(access, 0o640, adm)
	closed("/var/log/mastodon/web.log", 0o600, adm)
	closed("/home/mastodon", 0o750, adm)
	closed("/var/lib/docker", 0o700, 0)
	asNobody(t, func() {
		equal(t, find(t, root),
			"problem "+access+": permission denied → usermod -aG adm fedwarden",
			"problem /var/log/mastodon/web.log: permission denied → setfacl -m u:fedwarden:rX /var/log/mastodon/web.log",
			"problem /home/mastodon/live/log: permission denied → usermod -aG adm fedwarden",
			"problem /var/lib/docker/containers: permission denied → "+dockerMend)
	})
	closed("/etc/nginx/nginx.conf", 0o640, adm)
	closed(access, 0o644, adm)
	asNobody(t, func() {
		equal(t, (find(t, root)[:len("file "+access+" nginx\nproblem /etc/nginx/nginx.conf: permission denied → usermod -aG adm fedwarden\n")]),
			"file "+access+" nginx", "problem /etc/nginx/nginx.conf: permission denied → usermod -aG adm fedwarden")
	})
}
