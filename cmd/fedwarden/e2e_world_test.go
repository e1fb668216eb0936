//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A world is a machine of its own, as far as logs go: a mount and a network namespace in which /run, /var/lib,
// /var/log and /etc/systemd are the test's, and everything else is this machine's.
type world struct {
	t      *testing.T
	dir    string
	holder *process
	http   *http.Client
}

// newWorld makes a world that ends with the test.
func newWorld(t *testing.T) *world {
	t.Helper()
	unshare := program(t, "unshare", "util-linux")
	program(t, "nsenter", "util-linux")
	ip := program(t, "ip", "iproute2")
	if out, err := exec.Command(unshare, "-m", "-n", "true").CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("no mount and network namespace can be made: %v: %s", err, out))
	}
	w := &world{t: t, dir: openTempDir(t)} // short: a socket's path is
	for _, d := range []string{"run/systemd/journal", "run/log/journal", "etc/systemd", "var/log/nginx", "var/log/mastodon", "var/lib/nginx", "var/lib/docker/containers"} {
		if err := os.MkdirAll(w.path(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ready := w.path("ready")
	w.holder = start(t, w.path("holder.out"), nil, unshare, "-m", "-n", "sh", "-ec",
		`for d in run var/lib var/log etc/systemd; do mount --bind "$1/$d" "/$d"; done; "$2" link set lo up; : >"$3"; exec sleep infinity`, "sh", w.dir, ip, ready)
	w.holder.await("the world", func() bool { _, err := os.Stat(ready); return err == nil })
	w.http = &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: w.dial}}
	return w
}

// missing skips the test, or fails it where servers are required.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv(requireServers) == "1" {
		t.Fatalf("%s, and %s=1", why, requireServers)
	}
	t.Skip(why)
}

// openTempDir returns a directory that every user may enter, unlike the testing package's.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fw")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// path returns where a path of the world is outside of it.
func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// entering returns what runs a program in the world.
func (w *world) entering(args ...string) []string {
	ns := fmt.Sprintf("/proc/%d/ns/", w.holder.cmd.Process.Pid)
	return append([]string{"nsenter", "--mount=" + ns + "mnt", "--net=" + ns + "net", "--"}, args...)
}

// start starts a program in the world, which writes what it says to out, a path outside.
func (w *world) start(out string, env []string, args ...string) *process {
	w.t.Helper()
	args = w.entering(args...)
	return start(w.t, out, env, program(w.t, args[0], "util-linux"), args[1:]...)
}

// output returns what a program says.
func (w *world) output(args ...string) (string, error) {
	args = w.entering(args...)
	out, err := exec.Command(args[0], args[1:]...).Output()
	return string(out), err
}

// dial connects from within the world. The thread comes back: programs that it once started end with it.
func (w *world) dial(_ context.Context, network, addr string) (net.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", w.holder.cmd.Process.Pid))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	conn, err := net.Dial(network, addr)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic("no way back from the test's network: " + back.Error())
	}
	return conn, err
}

// journald starts a systemd-journald, which is the world's only one. Conf is the [Journal] part of its configuration.
func (w *world) journald(conf string) {
	w.t.Helper()
	program(w.t, "journalctl", "systemd")
	program(w.t, "systemd-cat", "systemd")
	const daemon = "/usr/lib/systemd/systemd-journald"
	if _, err := os.Stat(daemon); err != nil {
		missing(w.t, "systemd-journald is not installed (apt-get install systemd)")
	}
	text := "[Journal]\nStorage=volatile\nForwardToSyslog=no\nReadKMsg=no\nAudit=no\n" + conf
	if err := os.WriteFile(w.path("etc/systemd/journald.conf"), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
	p := w.start(w.path("journald.out"), nil, daemon)
	p.await("journald", func() bool {
		files, _ := filepath.Glob(w.path("run/log/journal/*/system.journal"))
		_, err := os.Stat(w.path("run/systemd/journal/stdout"))
		return len(files) > 0 && err == nil
	})
}

// unit starts a program as systemd does a service: in a control group of the unit's name, by which journald knows
// it, and with the journal as its standard output.
func (w *world) unit(name string, env []string, args ...string) *process {
	w.t.Helper()
	groups := w.groups(name)
	args = append([]string{"sh", "-ec", `IFS=:; for d in $1; do echo 0 >"$d/cgroup.procs"; done; shift; exec systemd-cat -- "$@"`, "sh", groups}, args...)
	return w.start(w.path(name+".out"), env, args...)
}

// groups makes the control groups of a unit, in every hierarchy that journald may look at.
func (w *world) groups(unit string) string {
	w.t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		w.t.Fatal(err)
	}
	var dirs []string
	for m := range strings.Lines(string(mounts)) {
		f := strings.Fields(m)
		if f[2] != "cgroup2" && !strings.HasSuffix(f[3], "name=systemd") {
			continue
		}
		dir := filepath.Join(f[1], "system.slice", unit)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			missing(w.t, fmt.Sprintf("no control group can be made: %v", err))
		}
		w.t.Cleanup(func() { os.Remove(dir) })
		dirs = append(dirs, dir)
	}
	return strings.Join(dirs, ":")
}

// entries returns how many lines of a unit the journal has.
func (w *world) entries(unit string) uint64 {
	w.t.Helper()
	out, err := w.output("journalctl", "--quiet", "--all", "--output=cat", "_SYSTEMD_UNIT="+unit)
	if err != nil {
		return 0
	}
	return uint64(strings.Count(out, "\n"))
}

// container makes what Docker keeps of a compose service's container, and returns the path of its log outside.
func (w *world) container(n int, service string) string {
	w.t.Helper()
	id := fmt.Sprintf("%064x", n)
	dir := "/var/lib/docker/containers/" + id
	log := dir + "/" + id + "-json.log"
	config := map[string]any{"ID": id, "Name": "/mastodon-" + service + "-1", "LogPath": log, "Config": map[string]any{
		"Labels": map[string]string{"com.docker.compose.project": "mastodon", "com.docker.compose.service": service}}}
	host := map[string]any{"LogConfig": map[string]any{"Type": "json-file"}}
	if err := os.MkdirAll(w.path(dir), 0o755); err != nil {
		w.t.Fatal(err)
	}
	for name, v := range map[string]any{"config.v2.json": config, "hostconfig.json": host} {
		b, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.path(dir), name), b, 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.path(log)
}

// dockerLines is what Docker's json-file driver writes of lines.
func dockerLines(stamp string, lines ...string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(true) // as Docker's
	for _, line := range lines {
		enc.Encode(map[string]string{"log": line + "\n", "stream": "stdout", "time": stamp}) //nolint:errcheck // to memory
	}
	return b.String()
}
