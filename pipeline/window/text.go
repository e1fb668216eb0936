package window

import "strconv"

// Text returns x in words, as a summary has it: "412 requests in 1m, usually 3.1".
func (x Excess) Text(what string) string {
	s := strconv.FormatUint(uint64(x.Count), 10) + " " + what + " in " + x.Scale.String()
	if !x.Known {
		return s
	}
	return s + ", usually " + strconv.FormatFloat(x.Expected, 'f', digitsFor(x.Expected), 64)
}

// digitsFor returns decimals that leave about two figures of a small number.
func digitsFor(v float64) int {
	switch {
	case v == 0 || v >= 10:
		return 0
	case v >= 0.1:
		return 1
	default:
		return 3
	}
}
