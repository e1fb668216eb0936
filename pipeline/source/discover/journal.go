package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// journals are the directories of the journal: kept, and until the next start.
var journals = []string{"/var/log/journal", "/run/log/journal"}

// units are those that Mastodon's guide sets up, and what people split them into.
var units = []string{"mastodon-web*.service", "mastodon-sidekiq*.service", "mastodon-streaming*.service"}

// journalTime bounds one question to journalctl.
const journalTime = 20 * time.Second

// journal finds the units that write to the journal, and containers that do.
func (f *finder) journal(ctx context.Context) {
	dir := ""
	for _, j := range journals {
		if dir == "" && f.tree.exists(j) {
			dir = f.tree.below(j)
		}
	}
	if dir == "" {
		if f.tree.root == "" && containerised() {
			f.found.warn("journald", journalElsewhere, "run fedwarden on the host as a systemd unit")
		}
		return
	}
	where := []string{}
	if f.tree.root != "" {
		where, f.found.Journal = []string{"--directory", dir}, dir
	}
	names, ok := f.field(ctx, dir, where, "_SYSTEMD_UNIT")
	if !ok {
		return
	}
	for _, name := range names {
		if matches(units, name) {
			f.found.Units = append(f.found.Units, Unit{Name: name, Newest: newest(ctx, where, name)})
		}
	}
	if len(f.found.Units) > 0 && containerised() {
		f.found.warn("journald", journalElsewhere, "run fedwarden on the host as a systemd unit")
	}
	f.journalContainers(ctx, dir, where)
}

// journalContainers tells of containers whose driver is journald.
func (f *finder) journalContainers(ctx context.Context, dir string, where []string) {
	names, _ := f.field(ctx, dir, where, "CONTAINER_NAME")
	for _, name := range names {
		if strings.Contains(name, "mastodon") || matches([]string{`*[\-_]web[\-_]*`, `*[\-_]sidekiq*`, `*[\-_]nginx[\-_]*`, `*[\-_]caddy[\-_]*`}, name) {
			f.found.warn("container "+name, "logs to journald, as Docker's driver has it: its lines are of docker.service", "journald: [docker.service]")
		}
	}
}

// field asks for the values of a field; ok is false where the journal can't be read, which is told once.
func (f *finder) field(ctx context.Context, dir string, where []string, name string) (values []string, ok bool) {
	out, talk, err := journalctl(ctx, append(where, "-F", name)...)
	switch {
	case notFound(err):
		f.found.problem(dir, "there is a journal, but no journalctl to read it", "run fedwarden on the host as a systemd unit")
	case bytes.Contains(talk, []byte("not seeing messages")) || bytes.Contains(talk, []byte("insufficient permissions")) || bytes.Contains(talk, []byte("Permission denied")):
		f.found.problem(dir, "permission denied", "usermod -aG systemd-journal "+f.tree.user())
	case err != nil:
		f.found.problem(dir, "journalctl: "+firstLine(talk, err), "")
	default:
		return strings.Fields(string(out)), true
	}
	return nil, false
}

// newest returns when a unit's last entry was made; zero if that can't be told.
func newest(ctx context.Context, where []string, unit string) pipeline.Time {
	out, _, err := journalctl(ctx, append(where, "-q", "-n", "1", "-o", "json", "--output-fields=_SYSTEMD_UNIT", "_SYSTEMD_UNIT="+unit)...)
	var entry struct {
		At string `json:"__REALTIME_TIMESTAMP"` // microseconds
	}
	if err != nil || json.Unmarshal(out, &entry) != nil {
		return 0
	}
	us, err := strconv.ParseInt(entry.At, 10, 64)
	if err != nil || us < 0 || us > 1<<52 {
		return 0
	}
	return pipeline.Time(us * int64(time.Microsecond))
}

func journalctl(ctx context.Context, args ...string) (out, talk []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "journalctl", append([]string{"--no-pager"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.Bytes(), stderr.Bytes(), err
}

func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return false
}

func firstLine(talk []byte, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(talk)), "\n")
	if line == "" {
		return err.Error()
	}
	return line
}

// journalElsewhere is what is said within a container.
const journalElsewhere = "is followed by the systemd unit of fedwarden, not from within a container"

// containerised reports whether this process runs in a container.
func containerised() bool {
	here := tree{}
	return here.exists("/.dockerenv") || here.exists("/run/.containerenv")
}
