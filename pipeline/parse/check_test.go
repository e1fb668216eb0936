package parse

import (
	"strings"
	"testing"
	"unicode"

	"github.com/fedwarden/fedwarden/pipeline"
)

// checkEvent holds an event to what every event must be, whatever the line.
func checkEvent(t testing.TB, line string, e *pipeline.Event) {
	t.Helper()
	bound := func(name, s string, n int) {
		if len(s) > n {
			t.Errorf("%s of %.80q: got %d bytes, want at most %d", name, line, len(s), n)
		}
	}
	bound("Path", e.Path, maxPath)
	bound("LocalUser", e.LocalUser, maxUser)
	bound("UserAgent", e.UserAgent, maxAgent)
	bound("Software", e.Software, maxVersion)
	bound("Version", e.Version, maxVersion)
	bound("AgentHost", e.AgentHost, maxHost)
	bound("KeyID", e.KeyID, maxKeyID)
	bound("KeyHost", e.KeyHost, maxHost)
	bound("JobClass", e.JobClass, 512)
	bound("JobID", e.JobID, 512)
	bound("PID", e.PID, 512)
	bound("TID", e.TID, 512)
	bound("Error", e.Error, 512)
	bound("RemoteHost", e.RemoteHost, maxHost)
	bound("Sample", e.Sample, maxSample)
	if strings.Contains(e.Path, "?") || strings.Contains(e.KeyID, "?") {
		t.Errorf("query kept: path %q, key id %q", e.Path, e.KeyID)
	}
	if e.Upstream < 0 || e.Upstream > maxUpstream {
		t.Errorf("upstream of %.80q: got %s", line, e.Upstream)
	}
	for _, host := range []string{e.KeyHost, e.AgentHost, e.RemoteHost} {
		if strings.ContainsAny(host, "@/?# ") || host != lower(host) {
			t.Errorf("host of %.80q: got %q", line, host)
		}
	}
	if start, end := findMail(e.UserAgent, 0); end != 0 && len(line) < readAgentMax {
		t.Errorf("agent of %.80q keeps an address: %q", line, e.UserAgent[start:end])
	}
	for _, r := range e.Sample {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			t.Errorf("sample of %.80q: got %q in %q", line, r, e.Sample)
		}
	}
	if e.Time != 0 && (e.Time < firstUnix*pipeline.Second || e.Time > lastUnix*pipeline.Second+pipeline.Second) {
		t.Errorf("time of %.80q: got %v", line, e.Time)
	}
	if e.IP.Is4In6() || e.IP.Zone() != "" {
		t.Errorf("address of %.80q: got %v", line, e.IP)
	}
}
