package kafka

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// A place is the offset of the next record, in the log that is the epoch-th under its topic's name.
type place struct {
	epoch  uint32
	offset int64
}

// String returns the offset, behind the epoch if that is not 0: "17", "1@17".
func (p place) String() string {
	offset := strconv.FormatInt(p.offset, 10)
	if p.epoch == 0 {
		return offset
	}
	return strconv.FormatUint(uint64(p.epoch), 10) + "@" + offset
}

func parsePlace(s string) (place, error) {
	epoch, offset, ok := strings.Cut(s, "@")
	if !ok {
		epoch, offset = "0", s
	}
	e, err := strconv.ParseUint(epoch, 10, 32)
	if err != nil {
		return place{}, fmt.Errorf("read place %q: %w", s, err)
	}
	o, err := strconv.ParseInt(offset, 10, 64)
	if err != nil || o < 0 {
		return place{}, fmt.Errorf("read place %q: no offset", s)
	}
	return place{uint32(e), o}, nil
}

// comparePlaces orders two places; what is none comes first.
func comparePlaces(a, b string) int {
	if a == b {
		return 0
	}
	p, errA := parsePlace(a)
	q, errB := parsePlace(b)
	if errA != nil || errB != nil {
		return cmp.Compare(btoi(errA == nil), btoi(errB == nil))
	}
	return cmp.Or(cmp.Compare(p.epoch, q.epoch), cmp.Compare(p.offset, q.offset))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
