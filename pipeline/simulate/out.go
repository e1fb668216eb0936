package simulate

import "io"

// flushAt is how many bytes of a log are kept before they are written.
const flushAt = 256 << 10

// An out is one log.
type out struct {
	to     io.Writer // nil: the log is not written
	err    error
	b      []byte
	silent []span
	shift  moment // of its clock
	stamp  stamper
}

func (o *out) open(to io.Writer) { o.to = to }

// writes reports whether a line of the moment is written.
func (o *out) writes(now moment) bool {
	if o.to == nil {
		return false
	}
	for _, s := range o.silent {
		if s.holds(now) {
			return false
		}
	}
	return true
}

// line ends a line.
func (o *out) line(b []byte) {
	o.b = append(b, '\n')
	if len(o.b) >= flushAt {
		o.flush()
	}
}

func (o *out) raw(now moment, line []byte) {
	if o.writes(now) {
		o.line(append(o.b, line...))
	}
}

func (o *out) flush() {
	if o.err == nil && len(o.b) > 0 {
		_, o.err = o.to.Write(o.b)
	}
	o.b = o.b[:0]
}

// rotate rotates a log that can be.
func (o *out) rotate() {
	r, ok := o.to.(Rotator)
	if !ok {
		return
	}
	if o.flush(); o.err == nil {
		o.err = r.Rotate()
	}
}

func (o *out) close() error {
	if o.to != nil {
		o.flush()
	}
	return o.err
}

// A stamper writes times, and remembers the text of the second that it wrote last.
type stamper struct {
	second moment
	clf    [26]byte // 01/Sep/2026:00:00:00 +0000
	iso    [19]byte // 2026-09-01T00:00:00
	known  bool
}

func (t *stamper) set(m moment) {
	if sec := m / second; !t.known || sec != t.second {
		t.second, t.known = sec, true
		at := m.time()
		copy(t.clf[:], at.Format("02/Jan/2006:15:04:05 -0700"))
		copy(t.iso[:], at.Format("2006-01-02T15:04:05"))
	}
}

// digits appends n with leading zeros.
func digits(b []byte, n moment, width int) []byte {
	var d [8]byte
	for i := width - 1; i >= 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, d[:width]...)
}

// fixed appends a span in a unit with so many decimals.
func fixed(b []byte, m, unit moment, decimals int) []byte {
	b = number(b, m/unit)
	part := m % unit
	for range decimals {
		part *= 10
	}
	return digits(append(b, '.'), part/unit, decimals)
}

// number appends n.
func number(b []byte, n moment) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	var d [20]byte
	i := len(d)
	for {
		i--
		d[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return append(b, d[i:]...)
		}
	}
}

const hexDigits = "0123456789abcdef"

// hex appends n nibbles of h.
func hex(b []byte, h uint64, n int) []byte {
	for i := n - 1; i >= 0; i-- {
		b = append(b, hexDigits[h>>(4*i)&15])
	}
	return b
}

// uuid appends a version 4 UUID made of h.
func uuid(b []byte, h uint64) []byte {
	lo := mix(h)
	b = append(hex(b, h>>32, 8), '-')
	b = append(hex(b, h>>16, 4), '-', '4')
	b = append(hex(b, h, 3), '-')
	b = append(b, "89ab"[lo>>62])
	b = append(hex(b, lo>>48, 3), '-')
	return hex(b, lo, 12)
}
