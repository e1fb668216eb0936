//go:build linux

package source

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeJournal returns a Journald whose journalctl is a script, for what a real one can't be made to do. In it,
// $FOLLOW is set when it is to follow, $DIR is a directory of its own.
func fakeJournal(t testing.TB, cfg JournaldConfig, script string) (s *Journald, dir string) {
	t.Helper()
	dir = t.TempDir()
	cfg.Program = "/bin/sh"
	cfg.Args = []string{"-c", "DIR='" + dir + "'; case \" $* \" in *' --follow '*) FOLLOW=1;; *) FOLLOW=;; esac\n" + script, "journalctl"}
	s, err := NewJournald(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// entryText is an entry of the web unit as journalctl exports it.
func entryText(n int) string {
	return fmt.Sprintf("__CURSOR=s=1;i=%x;b=2;m=%x;t=%x;x=3\n__REALTIME_TIMESTAMP=%d\n_SYSTEMD_UNIT=%s\nMESSAGE=%s\n\n",
		n, n, n, day.UnixMicro()+int64(n), webUnit, nginxLine(0, n))
}

// TestJournaldLost has a journalctl that fails, then works: its streams are lost with its own words, and come
// back.
func TestJournaldLost(t *testing.T) {
	s, dir := fakeJournal(t, JournaldConfig{History: time.Hour, LostAfter: 200 * time.Millisecond}, `
		if [ ! -e $DIR/well ]; then printf 'some trouble\nno \033[31mdisk\033[0m\377\n' >&2; exit 3; fi
		cat $DIR/entries; [ -z "$FOLLOW" ] || exec sleep 1000`)
	write(t, filepath.Join(dir, "entries"), entryText(1)+entryText(2))
	l := listen(t, s, newBook(), nil)
	l.until("it is lost", func(k *book) bool { return len(k.dead) == 1 })
	if got, want := l.book.dead[0], "journalctl: no _[31mdisk_[0m_: see what `journalctl -n 1` says to fedwarden's user"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	write(t, filepath.Join(dir, "well"), "")
	l.until("lines and claims", func(k *book) bool {
		return len(k.numbers[k.stream(webUnit)]) == 2 && k.claims["journald"] != 0
	})
	l.close()
	if len(l.book.dead) != 1 {
		t.Errorf("got %q, want one claim", l.book.dead)
	}
}

// TestJournaldDies has a journalctl that dies in the middle of an entry, every time two further on.
func TestJournaldDies(t *testing.T) {
	s, dir := fakeJournal(t, JournaldConfig{History: time.Hour}, `
		if [ -z "$FOLLOW" ]; then cat $DIR/last; exit 0; fi
		n=$(cat $DIR/n); echo $((n+1)) >$DIR/n; cat $DIR/run$n; [ -s $DIR/run$n ] && exit 1; exec sleep 1000`)
	const runs = 4
	write(t, filepath.Join(dir, "n"), "0")
	write(t, filepath.Join(dir, "last"), entryText(2*runs))
	for i := range runs {
		half := entryText(2*i + 3)
		text := entryText(2*i+1) + entryText(2*i+2) + half[:len(half)/2]
		if i > 0 {
			text = entryText(2*i) + text
		}
		write(t, filepath.Join(dir, "run"+strconv.Itoa(i)), text)
	}
	write(t, filepath.Join(dir, "run"+strconv.Itoa(runs)), "")
	l := listen(t, s, newBook(), nil)
	l.until("all lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) >= 2*runs })
	l.close()
	l.book.exactly(t, l.book.stream(webUnit), 1, 2*runs)
	if got := s.Stats(); got.Restarts < runs-1 || got.Gaps != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestJournaldStands has a journalctl that does not tell what is there: nothing is claimed until it does.
func TestJournaldStands(t *testing.T) {
	s, dir := fakeJournal(t, JournaldConfig{History: time.Hour, stall: time.Second}, `
		if [ -z "$FOLLOW" ]; then cat $DIR/last; exit 0; fi
		if [ -e $DIR/begun ]; then cat $DIR/last; fi; touch $DIR/begun; exec sleep 1000`)
	write(t, filepath.Join(dir, "last"), entryText(1))
	l := listen(t, s, newBook(), nil)
	l.until("the line", func(k *book) bool {
		if len(k.numbers) == 0 && k.claims["journald"] != 0 {
			t.Fatal("claimed before the newest entry had come")
		}
		return len(k.numbers) == 1
	})
	l.until("a claim", func(k *book) bool { return k.claims["journald"] != 0 })
	l.close()
	if got := s.Stats().Restarts; got != 1 {
		t.Errorf("got %d restarts, want one", got)
	}
}

// TestJournaldGap has a journal of which a file was removed while another was read. A few numbers that are
// missing are no loss: a rotation uses up some.
func TestJournaldGap(t *testing.T) {
	s, dir := fakeJournal(t, JournaldConfig{History: time.Hour}, `cat $DIR/entries; [ -z "$FOLLOW" ] || exec sleep 1000`)
	write(t, filepath.Join(dir, "entries"), entryText(1)+entryText(1+burntNumbers)+entryText(1000)+entryText(1001))
	l := listen(t, s, newBook(), nil)
	l.until("all lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 4 && k.lost["journald"] > 0 })
	l.close()
	if want := fmt.Sprintf("%d entries of the journal were removed before they were read", 1000-1-burntNumbers-1); len(l.book.reasons) != 1 || l.book.reasons[0] != want {
		t.Errorf("got %q, want %q", l.book.reasons, want)
	}
}

// TestJournaldBadPlace goes on from a place that journalctl can't read.
func TestJournaldBadPlace(t *testing.T) {
	j := newJournal(t, "")
	j.unit(webUnit).lines(3)
	k := newBook()
	k.cursors["journald"] = place{At: "s=nonsense"}.cursor()
	l := listen(t, j.open(JournaldConfig{History: time.Hour, LostAfter: time.Second}), k, nil)
	l.until("the lines", func(k *book) bool { return len(k.numbers[k.stream(webUnit)]) == 3 })
	l.close()
	if l.book.lost["journald"] == 0 {
		t.Error("the loss of the place is not told")
	}
}

// TestJournaldPast stops reading the past when its time is over.
func TestJournaldPast(t *testing.T) {
	s, dir := fakeJournal(t, JournaldConfig{History: time.Hour, HistoryUntil: time.Now().Add(300 * time.Millisecond)}, `
		if [ -z "$FOLLOW" ]; then cat $DIR/last; exit 0; fi
		cat $DIR/$(case "$*" in *--since*) echo past;; *) echo end;; esac); exec sleep 1000`)
	write(t, filepath.Join(dir, "past"), entryText(1)+entryText(2))
	write(t, filepath.Join(dir, "last"), entryText(900))
	write(t, filepath.Join(dir, "end"), entryText(900)+entryText(901))
	l := listen(t, s, newBook(), nil)
	ready := true
	l.until("the end", func(k *book) bool {
		ready = ready && s.NotReady() == ""
		n := k.numbers[k.stream(webUnit)]
		return len(n) > 0 && n[len(n)-1] == 901 && k.claims["journald"] != 0
	})
	if ready || s.NotReady() != "" {
		t.Errorf("not ready while reading the past: %v, then %q", !ready, s.NotReady())
	}
	l.close()
	if got := fmt.Sprint(l.book.numbers[l.book.stream(webUnit)]); got != "[1 2 901]" {
		t.Errorf("got %s, want [1 2 901]", got)
	}
}

// TestJournaldMissing says what is missing.
func TestJournaldMissing(t *testing.T) {
	s, err := NewJournald(JournaldConfig{Program: "no-such-journalctl", LostAfter: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, s, newBook(), nil)
	l.until("it is lost", func(k *book) bool { return len(k.dead) > 0 })
	l.close()
	if !strings.Contains(l.book.dead[0], "apt-get install systemd") {
		t.Errorf("got %q", l.book.dead[0])
	}
	if _, err := NewJournald(JournaldConfig{Units: []string{"web["}}); err == nil || !strings.Contains(err.Error(), `"web["`) {
		t.Errorf("a bad pattern: got %v", err)
	}
}

const keepChild = "FEDWARDEN_TEST_KEEP_CHILD"

// keep starts a child and waits to be killed.
func keep() {
	c, err := startChild("sleep", []string{"1000"})
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(c.cmd.Process.Pid)
	select {}
}

// TestChildEndsWithUs kills a process that has a child.
func TestChildEndsWithUs(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), keepChild+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGKILL)
	cmd.Wait()
	eventually(t, "the child's end", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
