package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestKnown(t *testing.T) {
	list := filepath.Join(t.TempDir(), "bing.txt")
	if err := os.WriteFile(list, []byte("# Bing's\n157.55.39.0/24\n\n2a01:111::/32 # and this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := load(t, `
relays: [Relay.Example]
crawlers:
  - {name: Google, cidrs: [66.249.64.0/19, 192.0.2.7]}
  - {name: Bing, file: `+list+`}
maintenance:
  - {daily: "23:30-01:00"}
  - {from: 2026-11-18 02:00, to: 2026-11-18T05:00:00+01:00, detectors: [domain_flood]}
`)
	if err != nil {
		t.Fatal(err)
	}
	k := cfg.known()
	if len(k.Relays) != 1 || k.Relays[0] != "relay.example" {
		t.Errorf("got relays %v", k.Relays)
	}
	if len(k.Crawlers) != 2 || len(k.Crawlers[0].Networks) != 2 || len(k.Crawlers[1].Networks) != 2 ||
		k.Crawlers[1].Networks[1] != netip.MustParsePrefix("2a01:111::/32") {
		t.Errorf("got crawlers %v", k.Crawlers)
	}
	daily, once := k.Maintenance[0], k.Maintenance[1]
	if daily.Start != 23*time.Hour+30*time.Minute || daily.End != time.Hour {
		t.Errorf("got %v", daily)
	}
	if once.From != pipeline.TimeOf(time.Date(2026, 11, 18, 2, 0, 0, 0, time.UTC)) || once.To.Sub(once.From) != 2*time.Hour || len(once.Detectors) != 1 {
		t.Errorf("got %v", once)
	}
}

// TestKnownMistakes shows that each mistake is named, by its key and line, and in a file by the file's line.
func TestKnownMistakes(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte("192.0.2.0/24\n# fine\n192.0.2.0/33\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := load(t, `
relays: ["https://relay.example/inbox", relay]
crawlers:
  - {cidrs: [nonsense, 0.0.0.0/0, "2000::/3"]}
  - {name: Bing}
  - {name: Bing, file: `+list+`}
  - {name: Bing, file: `+list+`.gone}
maintenance:
  - {daily: "2-3"}
  - {daily: "02:00-02:00"}
  - {daily: "02:00-03:00", from: 2026-11-18 02:00}
  - {from: yesterday, to: 2026-11-18 02:00}
  - {from: 2026-11-18 02:00, to: 2026-11-18 02:00}
  - {daily: "02:00-03:00", detectors: [recovery]}
`)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		"config.yaml:2:10: relays[0]: must be a host name",
		"relays[1]: must be a host name",
		"crawlers[0].name: is missing",
		"crawlers[0].cidrs[0]: must be an address or a CIDR",
		"crawlers[0].cidrs[1]: is wider than /8",
		"crawlers[0].cidrs[2]: is wider than /16",
		"crawlers[1].cidrs: is missing (or file)",
		"crawlers[2].file: " + list + ":3: must be an address or a CIDR",
		"crawlers[3].file: stat " + list + ".gone",
		"maintenance[0].daily: must be two times of a day",
		"maintenance[1].daily: must be two times of a day",
		"maintenance[2].daily: does not go with from and to",
		"maintenance[3].from: must be a time in UTC",
		"maintenance[4].to: must be a time in UTC after from",
		"maintenance[5].detectors[0]: no detector is named",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
