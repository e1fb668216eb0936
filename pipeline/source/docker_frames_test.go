package source

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fedwarden/fedwarden/pipeline"
)

const stamped = "2026-11-18T14:00:00.000000001Z "

func frame(kind byte, text string) string {
	head := []byte{kind, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	return string(head) + text
}

// readMessages reads messages in reads of one byte and in whole ones, which must be the same.
func readMessages(t *testing.T, in string, tty bool) (got []message, long uint64, err error) {
	t.Helper()
	for _, src := range []io.Reader{iotest.OneByteReader(strings.NewReader(in)), strings.NewReader(in)} {
		r := newMessageReader(src, tty, &blockPool{}, 40_000)
		var list []message
		for err = nil; err == nil; {
			var m message
			if m, err = r.next(); err == nil {
				m.text = strings.Clone(m.text)
				list = append(list, m)
			}
		}
		for i := range min(len(got), len(list)) {
			if got[i] != list[i] {
				t.Errorf("message %d differs with the cut", i)
			}
		}
		if got != nil && len(got) != len(list) {
			t.Errorf("got %d and %d messages", len(got), len(list))
		}
		got, long = list, r.long
		if r.kept > r.max || len(r.block.data) > 2*blockSize {
			t.Errorf("keeps %d bytes in a block of %d", r.kept, len(r.block.data))
		}
		r.close()
	}
	return got, long, err
}

func TestMessages(t *testing.T) {
	at := pipeline.TimeOf(day) + 1
	big := strings.Repeat("x", dockerPiece)
	for _, c := range []struct {
		name, in string
		tty      bool
		want     []message
		err      string
	}{
		{"streams", frame(1, stamped+"a b\n") + frame(2, stamped+"c\r\n"), false, []message{{"a b", at, false, false}, {"c", at, true, false}}, "EOF"},
		{"piece", frame(1, stamped+"a") + frame(1, stamped+"b\n"), false, []message{{"a", at, false, true}, {"b", at, false, false}}, "EOF"},
		{"no stamp", frame(1, "a b\n") + frame(1, ""), false, []message{{"a b", 0, false, false}, {"", 0, false, true}}, "EOF"},
		{"other zone", frame(1, "2026-11-18T15:00:00.000000001+01:00 a\n"), false, []message{{"a", at, false, false}}, "EOF"},
		{"no frame", frame(1, stamped+"a\n") + "2026-11-18", false, []message{{"a", at, false, false}}, "is no frame"},
		{"unknown kind", frame(4, "a"), false, nil, "is no frame"},
		{"of the daemon", frame(3, "Error grabbing logs: bad\x1b\n"), false, nil, "docker: Error grabbing logs: bad_"},
		{"half a frame", frame(1, stamped+"a\n")[:30], false, nil, "EOF"},
		{"hostile length", "\x01\x00\x00\x00\xff\xff\xff\xff" + strings.Repeat("y", 1<<20), false, nil, "EOF"},
		{"terminal", stamped + "a\r\n" + stamped + "\r\n", true, []message{{"a", at, false, false}, {"", at, false, false}}, "EOF"},
		{"terminal, pieces", stamped + big + stamped + big + stamped + "z\n", true, []message{{big, at, false, true}, {big, at, false, true}, {"z", at, false, false}}, "EOF"},
		{"terminal, exactly a piece", stamped + big + "\n" + stamped + "z\n", true, []message{{big, at, false, false}, {"z", at, false, false}}, "EOF"},
		{"terminal, of the daemon", "Error grabbing logs: bad\n", true, nil, "docker: Error grabbing logs: bad"},
		{"terminal, no end", stamped + strings.Repeat("y", 1<<20), true, nil, "EOF"},
	} {
		got, _, err := readMessages(t, c.in, c.tty)
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.err)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %d messages, want %d", c.name, len(got), len(c.want))
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: got %.60v, want %.60v", c.name, got[i], c.want[i])
			}
		}
	}
	got, long, _ := readMessages(t, frame(1, stamped+strings.Repeat("y", 1<<20)+"\n")+frame(1, stamped+"z\n"), false)
	if len(got) != 2 || len(got[0].text) != 40_000 || got[0].cut || got[1].text != "z" || long != 1 {
		t.Errorf("a long message: got %d messages, %d long", len(got), long)
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(frame(1, stamped+"a\n"), false)
	f.Add(stamped+"a\r\n", true)
	f.Fuzz(func(t *testing.T, in string, tty bool) { readMessages(t, in, tty) })
}

func TestSocketPlaceReadsWhatIsNone(t *testing.T) {
	for _, s := range []string{"x", "x 1 1", "2026-11-18T14:00:00Z 1", "2026-11-18T14:00:00Z -1 0", "2026-11-18T14:00:00Z 1 x"} {
		if p, err := parseSocketPlace(s); err == nil {
			t.Errorf("%q: got %+v", s, p)
		}
	}
	want := socketPlace{pipeline.TimeOf(day), 3, 2}
	if got, err := parseSocketPlace(want.String()); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	log, err := newSocketLog(&dockerAPI{}, Container{ID: "abc", Name: "web"}, SocketLogConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, c := range []pipeline.Cursor{"", "[]", `{"v":2,"at":"x"}`} {
		if err := log.Seek("docker:web@abc", c); err == nil {
			t.Errorf("cursor %q: got no error", c)
		}
	}
	if err := log.Seek("other", `{"v":2}`); err == nil {
		t.Error("another stream: got no error")
	}
	log.Close()
	if _, err := log.Read(t.Context()); err != nil && errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}
