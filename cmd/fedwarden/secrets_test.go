package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredentials: a name without a slash is a credential's, in the file and in the environment; a path is
// a path.
func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"slack":  "https://hooks.slack.com/services/T/B/x\n",
		"hook":   " https://hook.example/x \r\n",
		"hooks":  "whsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDE=\nwhsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDI=\n",
		"hollow": "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(credentials, dir)
	cfg, err := load(t, "sinks: {slack: {webhook_url_file: slack}, webhook: {url_file: "+filepath.Join(dir, "hook")+", secrets_file: hooks}}")
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Sinks.Slack.WebhookURL; got != "https://hooks.slack.com/services/T/B/x" {
		t.Errorf("slack: got %q", got)
	}
	if w := cfg.Sinks.Webhook; w.URL != "https://hook.example/x" || len(w.Secrets) != 2 {
		t.Errorf("webhook: got %q and %d secrets", w.URL, len(w.Secrets))
	}
	t.Setenv("FEDWARDEN_SLACK_WEBHOOK_FILE", "slack")
	t.Setenv("FEDWARDEN_WEBHOOK_URL", "https://hook.example/x")
	t.Setenv("FEDWARDEN_WEBHOOK_SECRET_FILE", "hooks")
	if cfg, err = loadConfig(""); err != nil || cfg.Sinks.Slack.WebhookURL == "" || len(cfg.Sinks.Webhook.Secrets) != 2 {
		t.Errorf("environment: got %+v, %v", cfg.Sinks, err)
	}

	f := func(text string, want ...string) {
		t.Helper()
		_, err := load(t, text)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: got %v, want %q", text, err, w)
			}
		}
	}
	f("sinks: {slack: {webhook_url_file: gone}}", "webhook_url_file: credential gone, looked up in $CREDENTIALS_DIRECTORY", filepath.Join(dir, "gone"))
	f("sinks: {slack: {webhook_url_file: hollow}}", "webhook_url_file: "+filepath.Join(dir, "hollow")+" is empty")
	f("sinks: {slack: {webhook_url_file: slack, webhook_url: 'https://x.example/'}}", "either the value or its file")
	f("sinks: {slack: {webhook_url_file: ./slack}}", "webhook_url_file: open ./slack")
	t.Setenv(credentials, "")
	f("sinks: {slack: {webhook_url_file: slack}}", "a name without a slash is looked up in $CREDENTIALS_DIRECTORY, which is not set")
}
