package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"strings"
	"time"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	frameHeader = 8
	stampSize   = len("2006-01-02T15:04:05.000000000Z ") // as the daemon writes it: always nine decimals
	dockerPiece = 16 << 10                               // of a longer line

	frameStderr = 2
	frameError  = 3 // the daemon's own
)

// A message is what Docker calls a line of a log, or a piece of one, as the daemon tells it.
type message struct {
	text  string        // in the reader's block
	stamp pipeline.Time // when the daemon had it; zero where none was told
	err   bool          // of standard error
	cut   bool          // it goes on in the next one
}

// A messageID tells a message from its neighbours. Pieces of one line may be alike.
type messageID struct {
	stamp pipeline.Time
	hash  uint64
	cut   bool
}

func (m *message) id(seed maphash.Seed) messageID {
	h := maphash.String(seed, m.text)
	if m.err {
		h++
	}
	return messageID{m.stamp, h, m.cut}
}

// A messageReader takes messages out of what the daemon sends: frames, or of a terminal the bare text. Each
// message lies in the current block. It goes on where it was when its source has no more for the moment.
type messageReader struct {
	src io.Reader
	tty bool
	max int // bytes kept of a message

	in         []byte // read and not yet looked at: in[start:end]
	start, end int
	pool       *blockPool
	block      *block
	used       int // of the block, up to the message that comes
	kept       int // bytes of that
	dropped    int // bytes of that which were too many
	kind       byte
	left       uint32 // bytes of the frame that have not come
	framed     bool   // its header has come
	newline    bool   // the last byte of the message is one
	long       uint64
}

func newMessageReader(src io.Reader, tty bool, pool *blockPool, maxLine int) *messageReader {
	return &messageReader{src: src, tty: tty, max: maxLine + stampSize, in: make([]byte, 32<<10), pool: pool, block: pool.get(blockSize)}
}

func (r *messageReader) close() { r.block.drop() }

// next returns the next message, reading on where need be.
func (r *messageReader) next() (message, error) {
	take := r.frame
	if r.tty {
		take = r.terminal
	}
	for {
		if done, err := take(); err != nil {
			return message{}, err
		} else if done {
			return r.finish()
		}
		if r.start > 0 {
			r.end = copy(r.in, r.in[r.start:r.end])
			r.start = 0
		}
		n, err := r.src.Read(r.in[r.end:])
		r.end += n
		if n == 0 && err != nil {
			return message{}, err
		}
	}
}

// frame takes what has come of a frame and reports whether that is all of it.
func (r *messageReader) frame() (bool, error) {
	if !r.framed {
		if r.end-r.start < frameHeader {
			return false, nil
		}
		head := r.in[r.start : r.start+frameHeader]
		if head[0] > frameError || head[1]|head[2]|head[3] != 0 {
			return false, fmt.Errorf("docker: %x is no frame", head)
		}
		r.kind, r.left, r.framed = head[0], binary.BigEndian.Uint32(head[4:]), true
		r.start += frameHeader
	}
	n := min(int64(r.end-r.start), int64(r.left))
	r.keep(r.in[r.start : r.start+int(n)])
	r.start += int(n)
	r.left -= uint32(n)
	r.framed = r.left > 0
	return !r.framed, nil
}

// terminal takes what has come of a line. A line that is longer than a piece comes with its stamp again before
// each piece.
func (r *messageReader) terminal() (bool, error) {
	for r.start < r.end {
		window := r.in[r.start:r.end]
		whole := stampSize + dockerPiece - r.kept - r.dropped // up to the end of a piece
		if whole == 0 && bytes.HasPrefix(window, r.head()) {
			return true, nil
		}
		if whole == 0 && bytes.HasPrefix(r.head(), window) {
			return false, nil // whether it is the stamp can't be told yet
		}
		n := bytes.IndexByte(window, '\n') + 1
		if n == 0 {
			n = len(window)
		}
		if whole > 0 {
			n = min(n, whole)
		}
		r.keep(window[:n])
		r.start += n
		if r.newline {
			return true, nil
		}
	}
	return false, nil
}

// head returns the stamp of the message that comes.
func (r *messageReader) head() []byte {
	return r.block.data[r.used : r.used+min(r.kept, stampSize)]
}

// keep adds to the message that comes, up to its bound.
func (r *messageReader) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	r.newline = b[len(b)-1] == '\n'
	fits := b[:min(len(b), r.max-r.kept)]
	r.dropped += len(b) - len(fits)
	if r.used+r.kept+len(fits) > len(r.block.data) {
		r.move(r.kept + len(fits))
	}
	copy(r.block.data[r.used+r.kept:], fits)
	r.kept += len(fits)
}

// move goes on in a new block; the messages that were handed out stay where they are.
func (r *messageReader) move(need int) {
	size := blockSize
	if need > blockSize/2 {
		size = min(2*need, r.max) + blockSize
	}
	b := r.pool.get(size)
	copy(b.data, r.block.data[r.used:r.used+r.kept])
	r.block.drop()
	r.block, r.used = b, 0
}

// finish makes a message of what was kept.
func (r *messageReader) finish() (message, error) {
	b := r.block.data[r.used : r.used+r.kept]
	m := message{text: unsafe.String(unsafe.SliceData(b), len(b)), err: r.kind == frameStderr, cut: !r.newline}
	if r.dropped > 0 {
		r.long++
	}
	daemon := r.kind == frameError || r.tty && strings.HasPrefix(m.text, "Error grabbing logs: ")
	r.used += r.kept
	r.kept, r.dropped, r.newline = 0, 0, false
	if daemon {
		return message{}, errors.New("docker: " + clean(strings.TrimSpace(m.text)))
	}
	m.readStamp()
	m.text = strings.TrimSuffix(m.text, "\n")
	if !m.cut {
		m.text = strings.TrimSuffix(m.text, "\r")
	}
	return m, nil
}

// readStamp takes the stamp off.
func (m *message) readStamp() {
	stamp, _, ok := strings.Cut(m.text[:min(len(m.text), stampSize+len("+00:00"))], " ")
	if !ok {
		return
	}
	if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil && at.Unix() > 0 {
		m.stamp, m.text = pipeline.TimeOf(at), m.text[len(stamp)+1:]
	}
}
