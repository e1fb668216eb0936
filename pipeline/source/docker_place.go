package source

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A socketPlace is a place in a container's log: how many messages were read from the first one on that has the
// latest stamp. Stamps do not always rise: all pieces of a line have that of the first.
type socketPlace struct {
	stamp pipeline.Time // the latest; zero: nothing was read
	same  uint64        // of that stamp
	older uint64        // that came after it with an older one
}

// String returns the place as a cursor has it.
func (p socketPlace) String() string {
	if p.stamp == 0 {
		return ""
	}
	return fmt.Sprintf("%s %d %d", p.stamp, p.same, p.older)
}

func parseSocketPlace(s string) (p socketPlace, err error) {
	if s == "" {
		return p, nil
	}
	part := strings.Split(s, " ")
	if len(part) != 3 {
		return p, fmt.Errorf("read cursor: %q is no place", clean(s))
	}
	at, err := time.Parse(time.RFC3339Nano, part[0])
	if err != nil {
		return p, fmt.Errorf("read cursor: %w", err)
	}
	p.stamp = pipeline.TimeOf(at)
	if p.same, err = strconv.ParseUint(part[1], 10, 64); err != nil {
		return p, fmt.Errorf("read cursor: %w", err)
	}
	if p.older, err = strconv.ParseUint(part[2], 10, 64); err != nil {
		return p, fmt.Errorf("read cursor: %w", err)
	}
	return p, nil
}

// pass moves the place behind a message.
func (p *socketPlace) pass(stamp pipeline.Time) {
	switch {
	case stamp > p.stamp:
		*p = socketPlace{stamp: stamp, same: 1}
	case stamp == p.stamp:
		p.same++
	default:
		p.older++
	}
}

// A way leads back to a place: the daemon was asked for what is not older than its stamp.
type way struct {
	to      socketPlace
	found   bool   // the first message of that stamp has come
	same    uint64 // messages that are yet to be passed over
	older   uint64
	arrived bool
}

func wayTo(p socketPlace) way {
	return way{to: p, same: p.same, older: p.older, arrived: p.stamp == 0}
}

// known reports whether a message was read before. Gone says that the place is: what is newer came first.
func (w *way) known(stamp pipeline.Time) (known, gone bool) {
	switch {
	case w.arrived:
		return false, false
	case stamp > w.to.stamp:
		w.arrived = true
		return false, !w.found
	case !w.found && stamp < w.to.stamp:
		return true, false // a journal is in another order than its stamps: it lies before the place
	case stamp == w.to.stamp:
		w.found = true
		known = w.same > 0
		w.same -= min(w.same, 1)
	default:
		known = w.older > 0
		w.older -= min(w.older, 1)
	}
	// A daemon before Docker 23 leaves out what is older, wherever it stands: so the same may be all there is.
	w.arrived = w.same == 0 && w.older == 0
	return known, false
}
