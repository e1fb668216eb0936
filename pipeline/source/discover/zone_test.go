package discover

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Rails writes the machine's own time and does not say so; when the file was written tells.
func TestZone(t *testing.T) {
	f := func(localtime, stamp string, written time.Time, want string) {
		t.Helper()
		const name = "/var/log/mastodon/web.log"
		root := plant(t, "/etc/x", "", name, fmt.Sprintf("I, [2026-11-23T%s.765496 #29854]  INFO -- : [521303bc-6a6b-4558-8b5c-66c94ca4b9ac] "+
			"method=POST path=/inbox format=*/* controller=ActivityPub::InboxesController action=create status=401 duration=1.00 view=0.00\n", stamp))
		if err := os.Symlink(localtime, filepath.Join(root, "/etc/localtime")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(root, name), written, written); err != nil {
			t.Fatal(err)
		}
		found := Find(t.Context(), Options{Root: root, Now: now})
		if len(found.Files) != 1 || found.Files[0].Timezone != want {
			t.Errorf("%s of %s written at %s: got %+v, want the zone %q", stamp, localtime, written, found.Files, want)
		}
	}
	const berlin = "../usr/share/zoneinfo/Europe/Berlin"
	at := time.Date(2026, 11, 23, 7, 31, 42, 0, time.UTC)
	f(berlin, "08:31:41", at, "Europe/Berlin")
	f("/usr/share/zoneinfo/America/New_York", "02:31:41", at, "America/New_York")
	f(berlin, "07:31:41", at, "") // Rails in a zone of its own
	f(berlin, "08:31:41", at.Add(5*time.Minute), "")
	f("/usr/share/zoneinfo/Nowhere", "08:31:41", at, "")
	f("Berlin", "08:31:41", at, "")
}
