package window

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A coder writes numbers and texts, little-endian; the first error stays.
type coder struct {
	w   io.Writer
	buf [4096]byte
	err error
}

func (c *coder) raw(b []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(b)
	}
}

func (c *coder) u32(v uint32) {
	binary.LittleEndian.PutUint32(c.buf[:], v)
	c.raw(c.buf[:4])
}

func (c *coder) u64(v uint64) {
	binary.LittleEndian.PutUint64(c.buf[:], v)
	c.raw(c.buf[:8])
}

func (c *coder) bool(v bool) {
	c.buf[0] = 0
	if v {
		c.buf[0] = 1
	}
	c.raw(c.buf[:1])
}

func (c *coder) text(s string) {
	c.u32(uint32(len(s)))
	c.raw([]byte(s))
}

func (c *coder) float(v float64) { c.u64(math.Float64bits(v)) }

func (c *coder) floats(list []float32) {
	for _, v := range list {
		c.u32(math.Float32bits(v))
	}
}

func (c *coder) u32s(list []uint32) {
	for len(list) > 0 {
		n := min(len(list), len(c.buf)/4)
		for i, v := range list[:n] {
			binary.LittleEndian.PutUint32(c.buf[4*i:], v)
		}
		c.raw(c.buf[:4*n])
		list = list[n:]
	}
}

func (c *coder) u64s(list []uint64) {
	for len(list) > 0 {
		n := min(len(list), len(c.buf)/8)
		for i, v := range list[:n] {
			binary.LittleEndian.PutUint64(c.buf[8*i:], v)
		}
		c.raw(c.buf[:8*n])
		list = list[n:]
	}
}

// A decoder reads what a coder wrote; the first error stays, and all it returns after is zero.
type decoder struct {
	r   io.Reader
	buf [4096]byte
	err error
}

const maxText = 4096

var errBound = errors.New("a count is out of bounds")

func (d *decoder) raw(n int) []byte {
	b := d.buf[:n]
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, b)
	}
	if d.err != nil {
		clear(b)
	}
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.raw(4)) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.raw(8)) }
func (d *decoder) bool() bool  { return d.raw(1)[0] != 0 }

// count reads a number that must not be above limit.
func (d *decoder) count(limit int) int {
	n := int(d.u32())
	if n > limit {
		d.fail(errBound)
		return 0
	}
	return n
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *decoder) text() string { return string(d.raw(d.count(maxText))) }

func (d *decoder) u32s(list []uint32) {
	for len(list) > 0 && d.err == nil {
		n := min(len(list), len(d.buf)/4)
		b := d.raw(4 * n)
		for i := range n {
			list[i] = binary.LittleEndian.Uint32(b[4*i:])
		}
		list = list[n:]
	}
}

func (d *decoder) u64s(list []uint64) {
	for len(list) > 0 && d.err == nil {
		n := min(len(list), len(d.buf)/8)
		b := d.raw(8 * n)
		for i := range n {
			list[i] = binary.LittleEndian.Uint64(b[8*i:])
		}
		list = list[n:]
	}
}

// float reads a number that must be within bounds.
func (d *decoder) float(low, high float64) float64 {
	v := math.Float64frombits(d.u64())
	if d.err == nil && !(v >= low && v <= high) {
		d.fail(errBound)
		return low
	}
	return v
}

func (d *decoder) floats(list []float32, low, high float32) {
	for i := range list {
		v := math.Float32frombits(d.u32())
		if d.err == nil && !(v >= low && v <= high) {
			d.fail(errBound)
			return
		}
		list[i] = v
	}
}

// same fails unless got is want: a snapshot of another layout is not read.
func (d *decoder) same(what string, got, want uint32) {
	if d.err == nil && got != want {
		d.err = fmt.Errorf("%s is %d, not %d: another layout", what, got, want)
	}
}
