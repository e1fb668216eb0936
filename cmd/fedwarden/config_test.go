package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadConfig(path)
	if err == nil {
		return cfg, nil
	}
	return cfg, &cleanError{strings.ReplaceAll(err.Error(), path, "config.yaml")}
}

type cleanError struct{ text string }

func (e *cleanError) Error() string { return e.text }

func TestConfig(t *testing.T) {
	cfg, err := load(t, `
instance: {domain: social.example}
inputs:
  - path: /var/log/nginx/access.log
    format: nginx
    lateness: 1m30s
  - {path: /var/log/rails.log, timezone: Europe/Berlin}
trusted_proxies: [10.0.0.0/8, 192.0.2.1]
memory: 64MiB
listen: 127.0.0.1:9999
detectors: {off: [mention_fanout]}
sinks:
  file: {path: /tmp/alerts.jsonl, min_severity: low}
  slack: {webhook_url: "https://hooks.slack.com/services/T0/B0/xyz"}
`)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Inputs[0].Lateness.std(); got != 90*time.Second {
		t.Errorf("lateness: got %v, want 1m30s", got)
	}
	if cfg.Memory != 64<<20 || cfg.Instance.Domain != "social.example" || len(cfg.trusted()) != 2 {
		t.Errorf("got %+v", cfg)
	}
	if cfg.Grace.std() != defaultGrace {
		t.Errorf("grace: got %v, want the default", cfg.Grace.std())
	}
}

// TestConfigMistakes shows that every mistake is told at once, with its line, a caret and its key path.
func TestConfigMistakes(t *testing.T) {
	_, err := load(t, `
instanse: {domain: x}
inputs:
  - {format: apache, path: /x, timezone: Mars/Olympus}
  - {lateness: soon}
  - {docker: /var/lib/docker/containers, docker_socket: /var/run/docker.sock}
  - {docker_socket: docker.sock}
memory: much
trusted_proxies: [nonsense]
detectors: {off: [domain_flod]}
sinks:
  slack: {webhook_url: "ftp://hooks.slack.example/SECRET", min_severity: loud}
  webhook: {url: "https://hook.example/x", secrets: [short]}
`)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"config.yaml:2:1: instanse: unknown key, did you mean instance?",
		"\n  2 | instanse: {domain: x}\n    | ^",
		"inputs[0].format: must be nginx, rails or sidekiq",
		"inputs[0].timezone: unknown time zone",
		"inputs[1].path: is missing",
		"inputs[1].lateness: must be a duration",
		"inputs[2].docker_socket: does not go with docker",
		"inputs[3].docker_socket: docker socket \"docker.sock\": must be a path",
		"memory: must be a size",
		"trusted_proxies[0]: must be an address or a CIDR",
		"detectors.off[0]: no detector is named",
		"sinks.slack.min_severity: must be low, medium, high or critical",
		"sinks.slack: url: ",
		"sinks.webhook: secrets",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if strings.Contains(err.Error(), "SECRET") {
		t.Errorf("the error shows a secret: %s", err)
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestConfigSyntax(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	f("inputs: [", "config.yaml")
	f("inputs: 5", "inputs: must be a list")
	f("instance: 5", "instance: must be a mapping")
	f("listen: [a]", "listen: must be one value")
	f("memory: 64MB\nmemory: 65MB", "memory")
	f("inputs: [{path: x, verified: maybe}]", "inputs[0].verified: must be true or false")
	f("memory: 1KB", "memory: must be at least 32MB")
	f("sinks: {file: {}}", "sinks.file.path: is missing")
}

func TestConfigVerified(t *testing.T) {
	for text, want := range map[string]bool{"inputs: [{path: x, verified: true}]": true, "inputs: [{path: x, verified: false}]": false, "inputs: [{path: x}]": false} {
		cfg, err := load(t, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := cfg.Inputs[0].input(cfg).Parse.Verified; got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(secret, []byte("https://hooks.slack.com/services/T/B/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FEDWARDEN_INSTANCE", "social.example")
	t.Setenv("FEDWARDEN_SLACK_WEBHOOK_FILE", secret)
	t.Setenv("FEDWARDEN_WEBHOOK_URL", "https://hook.example/x")
	t.Setenv("FEDWARDEN_WEBHOOK_SECRET", "whsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDE=")
	cfg, err := loadConfig("")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Instance.Domain != "social.example" || cfg.Sinks.Slack.WebhookURL != "https://hooks.slack.com/services/T/B/x" || len(cfg.Sinks.Webhook.Secrets) != 1 {
		t.Errorf("got %+v", cfg.Sinks)
	}
}

func TestSizes(t *testing.T) {
	f := func(text string, want Size) {
		t.Helper()
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	f("64MB", 64e6)
	f("64MiB", 64<<20)
	f("1.5GiB", 3<<29)
	f("1048576", 1<<20)
	for _, bad := range []string{"", "-1MB", "MB", "1e99GB", "64 M B"} {
		if got, err := parseSize(bad); err == nil {
			t.Errorf("%q: got %d, want an error", bad, got)
		}
	}
}
