package source

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	blockSize = 256 << 10
	minRoom   = 64 << 10 // a block with less room than this is left for a new one
	keepFree  = 4        // blocks that a pool keeps for later

	// DefaultMaxLine is how many bytes of a line are kept.
	DefaultMaxLine = 1 << 20
)

// A block is a piece of text that lines point into.
type block struct {
	data []byte
	refs atomic.Int32 // batches that point into it, and the reader
	home *blockPool
}

// drop takes one reference away; the last one gives the block back.
func (b *block) drop() {
	if b.refs.Add(-1) == 0 {
		b.home.put(b)
	}
}

// A blockPool lends blocks; it may be used by several goroutines.
type blockPool struct {
	mu   sync.Mutex
	free []*block
}

// get returns a block with one reference and room for at least n bytes.
func (p *blockPool) get(n int) *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &block{home: p}
	if last := len(p.free) - 1; last >= 0 && n <= blockSize {
		b, p.free = p.free[last], p.free[:last]
	} else {
		b.data = make([]byte, max(n, blockSize))
	}
	b.refs.Store(1)
	return b
}

// put keeps b for later, unless it is of unusual size or there are enough.
func (p *blockPool) put(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(b.data) == blockSize && len(p.free) < keepFree {
		p.free = append(p.free, b)
	}
}

// A lineReader splits text into lines without copying them: next hands out lines that lie in the current
// block, fill reads on when next has none.
type lineReader struct {
	src   io.Reader
	pool  *blockPool
	block *block
	start int // the unread window is block.data[start:end]
	end   int

	pos  int64  // place in the text behind the last line handed out
	gap  int64  // bytes dropped from the first line of the window
	long uint64 // lines that were cut

	max     int   // bytes kept of a line
	partial bool  // the text goes on growing: an unfinished last line is not handed out
	err     error // what src ended with
}

func newLineReader(src io.Reader, pool *blockPool, maxLine int) *lineReader {
	if maxLine <= 0 {
		maxLine = DefaultMaxLine
	}
	return &lineReader{src: src, pool: pool, block: pool.get(blockSize), max: maxLine}
}

// close gives the current block back; lines handed out live on in their batches.
func (r *lineReader) close() {
	if r.block != nil {
		r.block.drop()
		r.block = nil
	}
}

// next returns the next line of the current block; without one, fill must be called.
func (r *lineReader) next() (line string, ok bool) {
	window := r.block.data[r.start:r.end]
	n := bytes.IndexByte(window, '\n')
	if n < 0 {
		return r.unfinished(window)
	}
	r.start += n + 1
	r.pos += int64(n) + 1 + r.gap
	return r.trim(window[:n]), true
}

// unfinished returns what is left when the text has ended without a newline.
func (r *lineReader) unfinished(window []byte) (line string, ok bool) {
	if r.err != io.EOF || r.partial || len(window) == 0 {
		return "", false
	}
	r.start = r.end
	r.pos += int64(len(window)) + r.gap
	return r.trim(window), true
}

// trim cuts a line at its bound and takes off the carriage return.
func (r *lineReader) trim(b []byte) string {
	if len(b) > r.max || r.gap > 0 {
		r.long++
		r.gap = 0
		b = b[:min(len(b), r.max)]
	} else if len(b) > 0 && b[len(b)-1] == '\r' {
		b = b[:len(b)-1]
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// fill reads until a line is complete. It returns what the text ended with when there is no more.
func (r *lineReader) fill() error {
	if r.err != nil {
		return r.err
	}
	r.makeRoom()
	for {
		found := r.read()
		switch {
		case found:
			return nil
		case r.err != nil:
			return r.ended()
		case r.end-r.start > r.max:
			r.shorten()
			return r.ended()
		case r.end == len(r.block.data):
			r.makeRoom()
		}
	}
}

// ended returns nil while there is a line to hand out.
func (r *lineReader) ended() error {
	window := r.block.data[r.start:r.end]
	if bytes.IndexByte(window, '\n') >= 0 {
		return nil
	}
	if r.err == io.EOF && len(window) > 0 && !r.partial {
		return nil
	}
	return r.err
}

// read reads once behind the window and reports whether a newline came.
func (r *lineReader) read() bool {
	n, err := r.src.Read(r.block.data[r.end:])
	fresh := r.block.data[r.end : r.end+n]
	r.end += n
	r.err = err
	return bytes.IndexByte(fresh, '\n') >= 0
}

// makeRoom takes a new block when little room is left behind the window.
func (r *lineReader) makeRoom() {
	if len(r.block.data)-r.end >= minRoom {
		return
	}
	size := blockSize
	if rest := r.end - r.start; rest > blockSize-minRoom {
		size = min(2*rest, r.max) + blockSize
	}
	r.move(size)
}

// move moves the window to a new block; the lines handed out stay where they are.
func (r *lineReader) move(size int) {
	b := r.pool.get(size)
	r.end = copy(b.data, r.block.data[r.start:r.end])
	r.start = 0
	r.block.drop()
	r.block = b
}

// shorten keeps the beginning of a line that is too long, and drops what comes up to its end.
func (r *lineReader) shorten() {
	if len(r.block.data)-r.start-r.max < minRoom {
		r.move(max(r.max, r.end-r.start) + minRoom)
	}
	keep := r.start + r.max
	for {
		beyond := r.block.data[keep:r.end]
		if n := bytes.IndexByte(beyond, '\n'); n >= 0 {
			r.gap += int64(n)
			copy(beyond, beyond[n:])
			r.end -= n
			return
		}
		r.gap += int64(len(beyond))
		r.end = keep
		if r.err != nil {
			return
		}
		r.read()
	}
}
