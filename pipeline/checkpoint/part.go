package checkpoint

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	chunkSize  = 256 << 10 // of compressed data: long values need that many free pages in a row
	windowSize = 512 << 10
	maxPart    = 1 << 30 // more is no snapshot of ours
)

// A partInfo describes a stored part.
type partInfo struct {
	Name    string `json:"name"`
	Version uint32 `json:"version"`
	Size    int64  `json:"size"` // uncompressed
	CRC     uint32 `json:"crc"`  // of the uncompressed data
	Chunks  int    `json:"chunks"`
	Stored  int64  `json:"stored"` // compressed
}

// A packer compresses parts. It is used again for each.
type packer struct{ enc *zstd.Encoder }

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(windowSize),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	return &packer{enc}, nil
}

// pack streams what write writes through the compressor into chunks.
func (p *packer) pack(name string, version uint32, write func(io.Writer) error) (partInfo, [][]byte, error) {
	var out chunks
	p.enc.Reset(&out)
	count := &counter{w: p.enc}
	buffered := bufio.NewWriterSize(count, 64<<10)
	err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err = errors.Join(err, p.enc.Close()); err != nil {
		return partInfo{}, nil, fmt.Errorf("part %s: %w", name, err)
	}
	return partInfo{
		Name: name, Version: version, Size: count.n, CRC: count.crc, Chunks: len(out.list), Stored: out.n,
	}, out.list, nil
}

// A counter passes on what is written, and knows how much it was and its CRC.
type counter struct {
	w   io.Writer
	n   int64
	crc uint32
}

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	c.crc = crc32.Update(c.crc, castagnoli, b)
	return c.w.Write(b)
}

// chunks collects what is written in pieces of at most chunkSize, each behind room for its seal. Copying
// them once more would be felt: they are most of what a save holds in memory.
type chunks struct {
	list [][]byte
	n    int64
}

func (c *chunks) Write(b []byte) (int, error) {
	n := len(b)
	c.n += int64(n)
	for len(b) > 0 {
		last := len(c.list) - 1
		if last < 0 || len(c.list[last]) == sealSize+chunkSize {
			c.begin()
			last++
		}
		take := min(len(b), sealSize+chunkSize-len(c.list[last]))
		c.list[last] = append(c.list[last], b[:take]...)
		b = b[take:]
	}
	return n, nil
}

// begin begins a chunk. The first may be all there is, and small; any other is likely to be filled.
func (c *chunks) begin() {
	room := sealSize + chunkSize
	if len(c.list) == 0 {
		room = 4 << 10
	}
	c.list = append(c.list, make([]byte, sealSize, room))
}

// unpack returns what was packed into the chunks that next returns one by one.
func unpack(info partInfo, next func(i int) ([]byte, error)) ([]byte, error) {
	if info.Size < 0 || info.Size > maxPart {
		return nil, fmt.Errorf("it is said to have %d bytes", info.Size)
	}
	dec, err := zstd.NewReader(&chunkReader{n: info.Chunks, next: next},
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(windowSize))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	var data bytes.Buffer
	data.Grow(int(min(info.Size, 64<<20)) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(dec, info.Size+1)); err != nil {
		return nil, err
	}
	if int64(data.Len()) != info.Size {
		return nil, fmt.Errorf("it has %d bytes or more, not %d", data.Len(), info.Size)
	}
	if crc32.Checksum(data.Bytes(), castagnoli) != info.CRC {
		return nil, errChecksum
	}
	return data.Bytes(), nil
}

// A chunkReader reads chunks in a row.
type chunkReader struct {
	n, i int
	next func(i int) ([]byte, error)
	rest []byte
}

func (r *chunkReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.i >= r.n {
			return 0, io.EOF
		}
		var err error
		if r.rest, err = r.next(r.i); err != nil {
			return 0, fmt.Errorf("chunk %d of %d: %w", r.i+1, r.n, err)
		}
		r.i++
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
