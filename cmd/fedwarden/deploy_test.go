//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

const notifyReload = "fedwarden-notify-reload.conf"

// exposure is the most that `systemd-analyze security` may find, of 100.
const exposure = 20

// newUnit copies the unit to a folder, with drop-ins beside it, and this build in the place of the installed.
func newUnit(t *testing.T, dropIns ...string) string {
	t.Helper()
	dir := t.TempDir()
	unit := filepath.Join(dir, "fedwarden.service")
	fill(t, "deploy/fedwarden.service", unit, "/usr/bin/fedwarden", newLive(t).binary)
	if err := os.Mkdir(unit+".d", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range dropIns {
		fill(t, filepath.Join("deploy", name), filepath.Join(unit+".d", name))
	}
	return unit
}

// TestDeployUnit has systemd read the unit, alone and with what it can be extended by, and rate it.
func TestDeployUnit(t *testing.T) {
	analyze := program(t, "systemd-analyze", "systemd")
	for _, dropIns := range [][]string{nil, {"fedwarden-docker-logs.conf"}, {notifyReload}} {
		unit := newUnit(t, dropIns...)
		out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput()
		for _, line := range strings.Split(string(out), "\n") {
			old := strings.Contains(line, "Failed to parse service type, ignoring: notify-reload") // before 253
			if strings.Contains(line, "fedwarden") && !old {
				t.Errorf("verify with %q: %s", dropIns, line)
			}
		}
		if err != nil {
			t.Errorf("verify with %q: %v\n%s", dropIns, err, out)
		}
		cmd := exec.Command(analyze, "security", "--no-pager", "--offline=true", fmt.Sprintf("--threshold=%d", exposure), unit)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("security with %q: more than %d exposed: %v\n%s", dropIns, exposure, err, out)
		}
	}
}

// TestDeployUnitRuns: what the unit starts is what the command line takes.
func TestDeployUnitRuns(t *testing.T) {
	b, err := os.ReadFile("deploy/fedwarden.service")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\nExecStart=/usr/bin/fedwarden ")
	line, _, _ := strings.Cut(rest, "\n")
	if !ok {
		t.Fatal("the unit starts nothing")
	}
	parses(t, strings.Fields(line))
	checks(t, "deploy/config.yaml")
}

// parses tries args on the command line's own parser.
func parses(t *testing.T, args []string) {
	t.Helper()
	parser, err := kong.New(&commands{}, kong.Vars{"version": "x"}, kong.Exit(func(int) {}), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Errorf("fedwarden %q: %v", args, err)
	}
}

// checks runs `fedwarden check` on a configuration, with its credential and a log in the place of nginx'.
func checks(t *testing.T, template string) {
	t.Helper()
	dir := t.TempDir()
	config, log := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "access.log")
	for path, text := range map[string]string{filepath.Join(dir, "slack_webhook"): "https://hooks.slack.com/services/T/B/x\n", log: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, template, config, "/var/log/nginx/access.log", log)
	cmd := exec.Command(newLive(t).binary, "check", "--quiet", "--config", config)
	cmd.Env = append(os.Environ(), credentials+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("check of %s: %v\n%s", template, err, out)
	}
}

// A composeFile is what of Compose's format is checked.
type composeFile struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		User        string            `yaml:"user"`
		GroupAdd    []string          `yaml:"group_add"`
		ReadOnly    bool              `yaml:"read_only"`
		CapDrop     []string          `yaml:"cap_drop"`
		CapAdd      []string          `yaml:"cap_add"`
		SecurityOpt []string          `yaml:"security_opt"`
		MemLimit    string            `yaml:"mem_limit"`
		Secrets     []string          `yaml:"secrets"`
		Environment map[string]string `yaml:"environment"`
		Volumes     []string          `yaml:"volumes"`
		Healthcheck struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
	} `yaml:"services"`
	Secrets map[string]map[string]string `yaml:"secrets"`
}

func TestDeployCompose(t *testing.T) {
	var file, over composeFile
	readYAML(t, "deploy/compose.yaml", &file)
	s := file.Services["fedwarden"]
	parses(t, s.Command)
	parses(t, s.Healthcheck.Test[2:]) // CMD, the program
	f := func(what string, got, want any) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", what, d)
		}
	}
	f("user", s.User, "65532:65532")
	f("read_only", s.ReadOnly, true)
	f("cap_drop", s.CapDrop, []string{"ALL"})
	f("cap_add", len(s.CapAdd), 0)
	f("security_opt", s.SecurityOpt, []string{"no-new-privileges:true"})
	f("group_add", s.GroupAdd, []string{"4"})
	f("secret", file.Secrets["slack_webhook"]["file"], "./secrets/slack_webhook")
	f("credentials", s.Environment[credentials], "/run/secrets")
	f("configuration", s.Environment["FEDWARDEN_CONFIG"], "/etc/fedwarden/config.yaml")
	size, err := parseSize(strings.TrimSuffix(s.MemLimit, "m") + "MiB")
	f("mem_limit is more than what fedwarden takes", err == nil && size > defaultMemory, true)

	readYAML(t, "deploy/compose.docker-logs.yaml", &over)
	o := over.Services["fedwarden"]
	f("with Docker's logs: user", o.User, "0:0")
	f("with Docker's logs: cap_add", o.CapAdd, []string{"DAC_READ_SEARCH"})
	f("with Docker's logs: read-only", slices.Contains(o.Volumes, "/var/lib/docker/containers:/var/lib/docker/containers:ro"), true)
	for _, v := range append(s.Volumes, o.Volumes...) {
		if !strings.HasSuffix(v, ":ro") && !strings.HasSuffix(v, ":/var/lib/fedwarden") {
			t.Errorf("volume %s can be written to", v)
		}
		if strings.Contains(v, "docker.sock") {
			t.Errorf("volume %s: who has the socket is root", v)
		}
	}
}

// TestDeployComposeConfig has Compose read its files, where it is installed; no engine is asked.
func TestDeployComposeConfig(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if err != nil || exec.Command(docker, "compose", "version").Run() != nil {
		t.Skip("docker compose is not installed")
	}
	for _, files := range [][]string{{"compose.yaml"}, {"compose.yaml", "compose.docker-logs.yaml"}} {
		args := []string{"compose"}
		for _, name := range files {
			args = append(args, "-f", filepath.Join("deploy", name))
		}
		if out, err := exec.Command(docker, append(args, "config", "--quiet")...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", files, err, out)
		}
	}
}

func readYAML(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
