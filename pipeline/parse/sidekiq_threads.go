package parse

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxThreads bounds how many threads are remembered at a time; a thread is forgotten when its job's
// failure is told or its next job starts.
const maxThreads = 64

// threads remembers, for threads whose job has failed, what the line of the exception will not tell.
type threads struct {
	at   [maxThreads]thread
	n    int
	hand int // what is replaced next when all are taken
}

// A thread is the job that failed on it. Its texts stand in one buffer, which is used again.
type thread struct {
	buf     []byte // pid, tid, class, jid, host
	ends    [5]int
	awaited bool // the dump was read: the next message is the exception
}

func (t *thread) set(text [5]string, awaited bool) {
	t.buf = t.buf[:0]
	for i, s := range text {
		t.buf = append(t.buf, s...)
		t.ends[i] = len(t.buf)
	}
	t.awaited = awaited
}

// is reports whether t is the thread tid of the process pid.
func (t *thread) is(pid, tid string) bool {
	return string(t.buf[:t.ends[0]]) == pid && string(t.buf[t.ends[0]:t.ends[1]]) == tid
}

// job returns copies of what is known of the job.
func (t *thread) job() (class, jid, host string) {
	s, from := string(t.buf), t.ends[1]
	return s[from:t.ends[2]], s[t.ends[2]:t.ends[3]], s[t.ends[3]:]
}

func (h *threads) find(pid, tid string) *thread {
	for i := range h.at[:h.n] {
		if h.at[i].is(pid, tid) {
			return &h.at[i]
		}
	}
	return nil
}

// set remembers the job that failed on a thread.
func (h *threads) set(pid, tid, class, jid, host string, awaited bool) {
	t := h.find(pid, tid)
	switch {
	case t != nil:
	case h.n < maxThreads:
		t = &h.at[h.n]
		h.n++
	default:
		t = &h.at[h.hand]
		h.hand = (h.hand + 1) % maxThreads
	}
	t.set([...]string{pid, tid, class, jid, host}, awaited)
}

// drop forgets a thread. The order of the others stays: it is part of the state.
func (h *threads) drop(pid, tid string) {
	for i := range h.at[:h.n] {
		if !h.at[i].is(pid, tid) {
			continue
		}
		gone := h.at[i]
		copy(h.at[i:], h.at[i+1:h.n])
		h.n--
		h.at[h.n] = gone // its buffer is used again
		return
	}
}

func (h *threads) clear() { h.n, h.hand = 0, 0 }

// state writes the threads, each after a line break: its five texts and whether the exception is awaited.
// The hand comes first; where nothing is remembered it does not matter.
func (h *threads) state() string {
	if h.n == 0 {
		return ""
	}
	b := strconv.AppendInt([]byte{'\n'}, int64(h.hand), 10)
	for i := range h.at[:h.n] {
		t := &h.at[i]
		b = append(b, '\n')
		from := 0
		for _, end := range t.ends {
			b = append(append(b, t.buf[from:end]...), ' ')
			from = end
		}
		b = strconv.AppendBool(b, t.awaited)
	}
	return string(b)
}

func (h *threads) restore(state string) {
	lines := strings.Split(state, "\n")
	for _, line := range lines[1:] {
		f := strings.Split(line, " ")
		if h.n == maxThreads || len(f) != 6 || !isName(f[0]) || !isName(f[1]) || h.find(f[0], f[1]) != nil ||
			f[2] != "" && !isConstant(f[2]) || f[3] != "" && !isName(f[3]) ||
			f[4] != "" && (!isHost(f[4]) || !utf8.ValidString(f[4])) {
			continue
		}
		h.set(f[0], f[1], f[2], f[3], f[4], f[5] == "true")
	}
	if n, err := strconv.Atoi(lines[0]); err == nil && n >= 0 && n < maxThreads && h.n > 0 {
		h.hand = n
	}
}
