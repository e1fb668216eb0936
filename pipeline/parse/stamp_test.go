package parse

import (
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestStamp(t *testing.T) {
	c := clock{zone: time.UTC}
	f := func(in, want string) {
		t.Helper()
		for range 2 { // the second time from memory
			at, digits, ok := c.read(in)
			got := pipeline.Stamp{Time: at, Digits: digits}.String()
			if !ok {
				got = "bad"
			}
			if got != want {
				t.Errorf("stamp %q: got %s, want %s", in, got, want)
			}
		}
	}
	f("23/Nov/2026:07:21:02 +0000", "2026-11-23T07:21:02Z")
	f("[23/Nov/2026:07:21:02 +0000]", "2026-11-23T07:21:02Z")
	f("13/Aug/2024:12:28:42 +1000", "2024-08-13T02:28:42Z")
	f("14/Nov/2022:21:18:24 -0500", "2022-11-15T02:18:24Z")
	f("29/Feb/2024:00:00:00 +0000", "2024-02-29T00:00:00Z")
	f("31/Dec/1999:23:59:59 +0000", "1999-12-31T23:59:59Z")
	f("2026-11-23T07:21:38+00:00", "2026-11-23T07:21:38Z")
	f("2026-11-23T07:21:38.25+01:00", "2026-11-23T06:21:38.25Z")
	f("2026-11-23T07:21:38Z", "2026-11-23T07:21:38Z")
	f("2026-11-23T07:21:38", "2026-11-23T07:21:38Z")
	f("2026-11-23 07:21:38,123", "2026-11-23T07:21:38.123Z")
	f("1795418498.146", "2026-11-23T07:21:38.146Z")
	f("1795418498", "2026-11-23T07:21:38Z")

	f("29/Feb/2023:00:00:00 +0000", "bad")
	f("31/Apr/2026:00:00:00 +0000", "bad")
	f("00/Nov/2026:00:00:00 +0000", "bad")
	f("23/Nov/2026:24:00:00 +0000", "bad")
	f("23/Nov/2026:23:60:00 +0000", "bad")
	f("23/Nov/2026:23:00:60 +0000", "bad")
	f("23/nov/2026:23:00:00 +0000", "bad")
	f("23/Nov/2026:23:00:00 +9900", "bad")
	f("23/Nov/0001:23:00:00 +0000", "bad")
	f("23/Nov/9999:23:00:00 +0000", "bad")
	f("2/3/Nov/2026:23:00:00 +000", "bad")
	f("2026-13-23T07:21:38+00:00", "bad")
	f("2026-11-23T07:21:38 GMT", "bad")
	f("2026-11-23T07:21:38+00:0x", "bad")
	f("99999999999.000", "bad")
	f("0.000", "bad")
	f("1795418498.14x", "bad")
	f("", "bad")
	f("-", "bad")
}

// readLocal must agree with the standard library on every day.
func TestCalendar(t *testing.T) {
	for day := time.Date(firstYear, 1, 2, 13, 14, 15, 0, time.UTC); day.Year() <= lastYear-1; day = day.AddDate(0, 0, 1) {
		got, ok := readLocal(day.Format(localLayout))
		if want := pipeline.TimeOf(day); !ok || got != want {
			t.Fatalf("%s: got %v %v, want %v", day.Format(localLayout), got, ok, want)
		}
	}
}

func TestZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	got, digits, ok := readISO("2026-07-23T07:21:38.5", berlin)
	if want := "2026-07-23T05:21:38.5Z"; !ok || got.String() != want || digits != 1 {
		t.Errorf("stamp without zone: got %v %d %v, want %s", got, digits, ok, want)
	}
}
