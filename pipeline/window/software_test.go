package window

import (
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func softwareOf(agent string) Software {
	name, version, _ := strings.Cut(agent, "/")
	return SoftwareOf(&pipeline.Event{Software: name, Version: version})
}

// TestSoftware tells what another software is, and an older one, from what is a fork, an upgrade, or unknown.
func TestSoftware(t *testing.T) {
	for _, c := range []struct {
		own, other       string
		replaces, isDown bool
	}{
		{"mastodon/4.5.3", "mastodon/4.6.0", false, false},
		{"mastodon/4.5.3", "mastodon/4.2.1", false, false},
		{"mastodon/4.5.3", "mastodon/3.5.1", true, true},
		{"mastodon/3.5.1", "mastodon/4.5.3", true, false},
		{"mastodon/4.5.3", "mastodon/", false, false},
		{"mastodon/", "mastodon/4.5.3", false, false},
		{"mastodon/4.5.3", "glitch/4.5.3", false, false},
		{"mastodon/4.5.3", "hometown/1.1", false, false},
		{"misskey/2025.4.1", "sharkey/2024.9.1", false, false},
		{"misskey/2025.4.1", "misskey/13.1.0", true, true},
		{"calckey/14.0", "firefish/1.0", false, false},
		{"pleroma/2.9.1", "akkoma/3.15.0", false, false},
		{"pleroma/2.9.1", "mastodon/4.5.3", true, false},
		{"pixelfed/0.12.5", "pixelfed/0.11.9", false, false},
		{"lemmy/1.0", "lemmy/0.19", true, true},
		{"somebodys-own/1", "somebodys-other/1", true, false},
		{"mastodon/4.5.3", "", false, false},
		{"mastodon/99999999999999999999", "mastodon/9999", false, false},
		{"mastodon/v4", "mastodon/3", false, false},
	} {
		own, other := softwareOf(c.own), softwareOf(c.other)
		if got := other.Replaces(own); got != c.replaces {
			t.Errorf("%s after %s: replaces is %v, want %v", c.other, c.own, got, c.replaces)
		}
		if got := other.Below(own); got != c.isDown {
			t.Errorf("%s after %s: down is %v, want %v", c.other, c.own, got, c.isDown)
		}
		if own > SoftwareMask || other > SoftwareMask || own == 0 {
			t.Errorf("%s, %s: %x, %x are no 28 bits, or none", c.own, c.other, own, other)
		}
	}
}

// TestFamiliesApart shows that no two softwares of the table that are not of one family are taken for it.
func TestFamiliesApart(t *testing.T) {
	names := []string{"mastodon", "misskey", "pleroma", "kbin", "hubzilla", "relay", "gotosocial", "lemmy", "pixelfed", "peertube", "friendica", "wordpress",
		"bookwyrm", "mobilizon", "writefreely", "takahe", "threads", "snac", "funkwhale", "owncast", "diaspora", "ghost", "bridgy-fed", "wildebeest", "fedify", "piefed"}
	for i, a := range names {
		for _, b := range names[:i] {
			if softwareOf(a + "/1").SameFamily(softwareOf(b + "/1")) {
				t.Errorf("%s and %s are one family", a, b)
			}
		}
	}
}
