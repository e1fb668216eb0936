package source

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A liveBody reads an answer that has no end. It waits a moment at a time and can go on after that, as Go's own
// reader of chunks can't; so no goroutine is needed to wait.
type liveBody struct {
	ans     *answer
	chunked bool
	left    uint64 // bytes of the chunk that have not come
	within  bool   // a chunk's end is due
	ended   bool
	wait    time.Duration
}

// newLiveBody returns the body of an answer of which nothing has been read.
func newLiveBody(ans *answer) *liveBody {
	return &liveBody{ans: ans, chunked: len(ans.resp.TransferEncoding) > 0}
}

// more waits for a byte beyond what has come: os.ErrDeadlineExceeded when none came.
func (l *liveBody) more() error {
	l.ans.conn.SetReadDeadline(time.Now().Add(l.wait))
	_, err := l.ans.in.Peek(l.ans.in.Buffered() + 1)
	return err
}

// Read reads what has come, waiting a moment for it.
func (l *liveBody) Read(b []byte) (int, error) {
	for l.chunked && l.left == 0 && !l.ended {
		if err := l.chunk(); err != nil {
			return 0, err
		}
	}
	if l.ended {
		return 0, io.EOF
	}
	if l.ans.in.Buffered() == 0 {
		if err := l.more(); err != nil {
			return 0, err
		}
	}
	if l.chunked && uint64(len(b)) > l.left {
		b = b[:l.left]
	}
	n, err := l.ans.in.Read(b)
	if l.chunked {
		l.left -= uint64(n)
		l.within = l.left == 0
	}
	return n, err
}

// chunk reads the line before a chunk, or the empty one behind it.
func (l *liveBody) chunk() error {
	come, _ := l.ans.in.Peek(l.ans.in.Buffered())
	end := bytes.IndexByte(come, '\n')
	if end < 0 {
		return l.more()
	}
	line := strings.TrimSuffix(string(come[:min(end, 64)]), "\r")
	l.ans.in.Discard(end + 1)
	if l.within {
		l.within = false
		return nil
	}
	size, _, _ := strings.Cut(line, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 63)
	if err != nil {
		return fmt.Errorf("docker: chunk of %q bytes", size)
	}
	l.left, l.ended = n, n == 0
	return nil
}
