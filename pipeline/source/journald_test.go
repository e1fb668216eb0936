package source

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// export reads all entries of a text that comes in pieces of the given sizes, over and over.
func export(text string, sizes ...int) (r exportReader, entries []journalEntry) {
	for i := 0; text != ""; i++ {
		n := min(sizes[i%len(sizes)], len(text), len(r.room()))
		copy(r.room(), text[:n])
		r.took(n)
		text = text[n:]
		for e, ok := r.next(); ok; e, ok = r.next() {
			entries = append(entries, e)
		}
	}
	return r, entries
}

func binaryField(key, value string) string {
	return key + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

const someCursor = "s=5c0e;i=2a;b=77aa;m=10;t=66116c0145648;x=1"

// TestJournalExport reads what journalctl has written, cut anywhere.
func TestJournalExport(t *testing.T) {
	text := "__CURSOR=" + someCursor + "\n__REALTIME_TIMESTAMP=1795600199997000\n_SYSTEMD_UNIT=mastodon-web.service\nMESSAGE=a=b\n\n" +
		"MESSAGE=no cursor\n\n" +
		binaryField("MESSAGE", "\x1b[1;34mINFO \x1b[0m\n\nMESSAGE=x\n") + "MESSAGE=again\n__CURSOR=t=2\n_LINE_BREAK=line-max\n\n" +
		"MESSAGE\n\x00\x00\x00\x00\x00\x00\x00\x00\n__CURSOR=t=3\nN_DROPPED=12\n_TRANSPORT=driver\n\n" +
		"__CURSOR=t=4\nMESSAGE=half an entry\n"
	want := []journalEntry{
		{cursor: someCursor, at: 1795600199997000000, unit: "mastodon-web.service", message: "a=b"},
		{cursor: "t=2", message: "\x1b[1;34mINFO \x1b[0m\n\nMESSAGE=x\n\nagain", broken: true},
		{cursor: "t=3", dropped: 12, transport: "driver"},
	}
	for _, sizes := range [][]int{{1}, {2, 1}, {7}, {13, 1, 5}, {1 << 20}} {
		if _, got := export(text, sizes...); !cmp.Equal(got, want, cmp.AllowUnexported(journalEntry{})) {
			t.Errorf("in pieces of %v: %s", sizes, cmp.Diff(want, got, cmp.AllowUnexported(journalEntry{})))
		}
	}
}

// TestJournalLong keeps the beginning of what is too long, and finds the next entry.
func TestJournalLong(t *testing.T) {
	long := strings.Repeat("x", 3*maxField)
	end := "\n__CURSOR=t=9\nMESSAGE=next\n\n"
	for name, text := range map[string]string{
		"text":   "__CURSOR=t=1\nMESSAGE=" + long + "\n" + end,
		"binary": "__CURSOR=t=1\n" + binaryField("MESSAGE", long) + end,
		"no key": "__CURSOR=t=1\n" + long + "\n" + end,
	} {
		r, got := export(text, 50_000)
		if len(got) != 2 || got[0].cursor != "t=1" || got[1].message != "next" {
			t.Fatalf("%s: got %d entries", name, len(got))
		}
		if n := len(got[0].message); n > maxField+entryRoom || name != "no key" && n < maxField {
			t.Errorf("%s: %d bytes are kept", name, n)
		}
		if r.long != 1 || cap(r.buf) > 8*maxField {
			t.Errorf("%s: %d fields were cut, %d bytes held", name, r.long, cap(r.buf))
		}
	}
}

// FuzzJournalExport never panics, and says the same however the text is cut.
func FuzzJournalExport(f *testing.F) {
	f.Add("__CURSOR="+someCursor+"\nMESSAGE=x\n\n"+binaryField("MESSAGE", "\x00\n")+"__CURSOR=t=1\n\n", uint64(1))
	f.Add("MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffabc\n\n", uint64(2))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		_, want := export(text, 1<<20)
		_, got := export(text, 1+rnd.IntN(9), 1+rnd.IntN(9), 1+rnd.IntN(90))
		if !cmp.Equal(got, want, cmp.AllowUnexported(journalEntry{})) {
			t.Error(cmp.Diff(want, got, cmp.AllowUnexported(journalEntry{})))
		}
		filter := testFilter("*")
		for i := range want {
			filter.records(nil, &want[i])
			compareJournal(want[0].cursor, want[i].cursor)
		}
	})
}

func TestCompareJournal(t *testing.T) {
	cursor := func(s string, i int, b string, m, t int) string {
		return fmt.Sprintf("s=%s;i=%x;b=%s;m=%x;t=%x;x=ff", s, i, b, m, t)
	}
	check := func(a, b string, want int) {
		t.Helper()
		if got := compareJournal(a, b); got != want {
			t.Errorf("%s and %s: got %d, want %d", a, b, got, want)
		}
		if got := compareJournal(b, a); got != -want {
			t.Errorf("%s and %s: got %d, want %d", b, a, got, -want)
		}
	}
	check(cursor("a", 0x9, "x", 5, 5), cursor("a", 0x10, "x", 1, 1), -1) // numbers of one writer decide
	check(cursor("a", 9, "x", 5, 9), cursor("b", 1, "x", 6, 1), -1)      // one boot: its own clock
	check(cursor("a", 9, "x", 9, 5), cursor("b", 1, "y", 1, 6), -1)      // else the time of day
	check(cursor("a", 9, "x", 9, 5), cursor("a", 9, "x", 9, 5), 0)
	check("", "garbage", -1)
	check("s=zzz", cursor("a", 9, "x", 9, 5), -1)
	if n, known := missing(cursor("a", 9, "x", 1, 1), cursor("a", 12, "x", 1, 1)); n != 2 || !known {
		t.Errorf("missing: got %d, %v", n, known)
	}
	if _, known := missing(cursor("a", 9, "x", 1, 1), cursor("b", 12, "x", 1, 1)); known {
		t.Error("missing of two writers is known")
	}
}

func testFilter(patterns ...string) *unitFilter {
	return &unitFilter{patterns: patterns, wanted: map[string]bool{}, carriers: map[string]struct{}{}}
}

func TestUnits(t *testing.T) {
	f := testFilter(DefaultUnits()...)
	for name, want := range map[string]bool{
		"mastodon-web.service": true, "mastodon-web": true, "mastodon-webhook.service": false,
		"mastodon-sidekiq.service": true, "mastodon-sidekiq-ingress@3.service": true, "mastodon-sidekiq@2.service": true,
		"mastodon-streaming.service": true, "mastodon-streaming@4000.service": true,
		"mastodon-web-1": true, "mastodon_sidekiq_1": true, "mastodon-db-1": false, "ssh.service": false, "": false,
	} {
		if got := f.wants(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

// TestJournalRecords makes records of entries as journald and Docker write them.
func TestJournalRecords(t *testing.T) {
	f := testFilter(DefaultUnits()...)
	check := func(e journalEntry, want ...parse.Record) {
		t.Helper()
		got, over := f.records(nil, &e)
		if !cmp.Equal(got, want) || over != 0 {
			t.Errorf("%+v: %d over, %s", e, over, cmp.Diff(want, got))
		}
	}
	web := parse.Origin{Unit: "mastodon-web.service", Program: "bundle"}
	check(journalEntry{unit: web.Unit, program: "bundle", at: 7, message: "one\r\ntwo\n\nthree\n", broken: true},
		parse.Record{Text: "one", Time: 7, Origin: web}, parse.Record{Text: "two", Time: 7, Origin: web},
		parse.Record{Time: 7, Origin: web}, parse.Record{Text: "three", Time: 7, Origin: web, Cut: true})
	check(journalEntry{unit: "user@1000.service", userUnit: "mastodon-web.service", message: "x"},
		parse.Record{Text: "x", Origin: parse.Origin{Unit: "mastodon-web.service"}})
	check(journalEntry{unit: "ssh.service", message: "Accepted"})
	check(journalEntry{unit: "docker.service", container: "mastodon-db-1", message: "x"})
	check(journalEntry{unit: "docker.service", container: "mastodon-sidekiq-1", message: "x", broken: true, urgent: true},
		parse.Record{Text: "x", Origin: parse.Origin{Container: "mastodon-sidekiq-1"}, Cut: true, Err: true})

	journald := journalEntry{unit: "systemd-journald.service", transport: "driver"}
	of := func(object, message string, dropped uint64) journalEntry {
		e := journald
		e.object, e.message, e.dropped = object, message, dropped
		return e
	}
	check(of("mastodon-web.service", "Suppressed 2371 messages from mastodon-web.service", 2371),
		parse.Record{Suppressed: 2371, Origin: parse.Origin{Unit: "mastodon-web.service"}})
	check(of("", "Suppressed 23 messages from /system.slice/mastodon-web.service", 0),
		parse.Record{Suppressed: 23, Origin: parse.Origin{Unit: "mastodon-web.service"}})
	check(of("docker.service", "Suppressed 5 messages from docker.service", 5), parse.Record{Suppressed: 5})
	check(of("ssh.service", "Suppressed 5 messages from ssh.service", 5))
	check(of("", "Journal started", 0))
	check(of("", "Suppressed many messages from mastodon-web.service", 0))

	forged := of("mastodon-web.service", "Suppressed 9999 messages from mastodon-web.service", 9999)
	forged.transport, forged.unit = "journal", "evil.service"
	check(forged)

	many := journalEntry{unit: web.Unit, message: strings.Repeat("x\n", maxEntryLines+7)}
	if got, over := f.records(nil, &many); len(got) != maxEntryLines || over != 7 {
		t.Errorf("got %d records and %d over", len(got), over)
	}
}

// TestJournalCapture reads what a real journald has written when its rate limit was exceeded, when a line was
// longer than its LineMax, and a binary, a coloured and a repeated message.
func TestJournalCapture(t *testing.T) {
	text, err := os.ReadFile("testdata/journald.export")
	if err != nil {
		t.Fatal(err)
	}
	_, entries := export(string(text), 4096)
	f := testFilter(DefaultUnits()...)
	var list []parse.Record
	for i := range entries {
		list, _ = f.records(list, &entries[i])
	}
	var suppressed uint64
	cut, coloured, repeated, raw := 0, 0, 0, 0
	for i := range list {
		r := &list[i]
		suppressed += r.Suppressed
		cut += count(r.Cut)
		coloured += count(strings.HasPrefix(r.Text, "\x1b[1;34mINFO \x1b[0m"))
		raw += count(strings.Contains(r.Text, "\xff\xfe\x00"))
		repeated += count(r.Text == "first" || r.Text == "second")
		if r.Time == 0 || r.Origin.Unit != webUnit {
			t.Errorf("record %d: time %v of %+v", i, r.Time, r.Origin)
		}
	}
	got := fmt.Sprintf("suppressed %d, cut %d, coloured %d, raw %d, repeated %d", suppressed, cut, coloured, raw, repeated)
	if want := "suppressed 83, cut 2, coloured 1, raw 1, repeated 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

const webUnit = "mastodon-web.service"
