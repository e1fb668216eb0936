package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow bounds the memory that an archive can ask for; it is what `zstd --long` needs.
const maxZstdWindow = 128 << 20

var (
	magicGzip = []byte{0x1f, 0x8b}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// A text is the content of an input, unpacked.
type text struct {
	io.Reader
	name   string
	raw    *countingReader
	file   *os.File // nil for standard input
	packed bool
	close  func() error
}

// A countingReader counts the bytes of a file as it is, packed or not.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// openText opens a file, or takes stdin for "-", and recognises an archive by its first bytes.
func openText(in Input, stdin io.Reader) (*text, error) {
	if in.Stdin() {
		return unpack("standard input", stdin, func() error { return nil })
	}
	f, err := os.Open(in.Path)
	if err != nil {
		return nil, err
	}
	t, err := unpack(in.Path, f, f.Close)
	if err != nil {
		return nil, err
	}
	t.file = f
	return t, nil
}

func unpack(name string, r io.Reader, closeFile func() error) (*text, error) {
	t := &text{name: name, raw: &countingReader{r: r}, close: closeFile}
	head := make([]byte, len(magicZstd))
	n, err := io.ReadFull(t.raw, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		closeFile()
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	t.Reader = io.MultiReader(bytes.NewReader(head[:n]), t.raw)
	if err != nil { // what an archive that is just being made has a moment later was not judged: it is none of this
		t.Reader = bytes.NewReader(head[:n])
	}
	switch {
	case bytes.HasPrefix(head[:n], magicGzip):
		err = t.gunzip()
	case bytes.HasPrefix(head[:n], magicZstd):
		err = t.unzstd()
	default:
		return t, nil
	}
	if err != nil {
		closeFile()
		return nil, t.fail(0, err)
	}
	t.packed = true
	return t, nil
}

func (t *text) gunzip() error {
	z, err := gzip.NewReader(t.Reader)
	if err != nil {
		return err
	}
	t.Reader = z
	return nil
}

func (t *text) unzstd() error {
	z, err := zstd.NewReader(t.Reader, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		return err
	}
	t.Reader = z
	closeFile := t.close
	t.close = func() error { z.Close(); return closeFile() }
	return nil
}

// fail says where reading stopped, and why; pos is the place in the unpacked text.
func (t *text) fail(pos int64, err error) error {
	if !t.packed && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: at byte %d: %w", t.name, pos, err)
	}
	why := "the archive is damaged"
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		why, err = "the archive is cut short", io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read %s: %s near byte %d of the file, after %d bytes of text: %w",
		t.name, why, t.raw.n, pos, err)
}

// skip goes to a place in the text, from its beginning.
func (t *text) skip(pos int64) error {
	if t.file != nil && !t.packed && pos > 0 {
		if at, err := t.file.Seek(pos, io.SeekStart); err == nil {
			t.Reader, t.raw.n = t.raw, at
			return nil
		}
	}
	n, err := io.CopyN(io.Discard, t.Reader, pos)
	if err == nil || err == io.EOF {
		return nil
	}
	return t.fail(n, err)
}
