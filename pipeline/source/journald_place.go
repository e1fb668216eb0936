package source

import (
	"cmp"
	"strconv"
	"strings"
)

// A journalPlace is a journal's cursor, "s=ID;i=HEX;b=BOOT;m=HEX;t=HEX;x=HASH": the entry's number in the
// numbers of one writer, its monotonic time in one boot, and its time of day, as far as it names them.
type journalPlace struct {
	writer string
	number uint64
	boot   string
	since  uint64 // microseconds since the boot
	time   uint64 // microseconds since the epoch
}

// readJournalPlace reads a cursor; ok is false when it names no number and no time.
func readJournalPlace(cursor string) (p journalPlace, ok bool) {
	for rest := cursor; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "s":
			p.writer = value
		case "i":
			p.number = readHex(value)
		case "b":
			p.boot = value
		case "m":
			p.since = readHex(value)
		case "t":
			p.time = readHex(value)
		}
	}
	return p, p.writer != "" && p.number != 0 || p.time != 0
}

// readHex returns what is no number as zero.
func readHex(s string) uint64 {
	n, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0
	}
	return n
}

// compareJournal orders two cursors as journald does: numbers of one writer first, then the time of one boot,
// and the time of day, which may have been set back, only in the end.
func compareJournal(a, b string) int {
	if a == b {
		return 0
	}
	x, okX := readJournalPlace(a)
	y, okY := readJournalPlace(b)
	switch {
	case !okX && !okY:
		return cmp.Compare(a, b)
	case !okX: // what is no cursor lies before all that are
		return -1
	case !okY:
		return 1
	case x.writer == y.writer:
		return cmp.Compare(x.number, y.number)
	case x.boot == y.boot && x.since != y.since:
		return cmp.Compare(x.since, y.since)
	}
	return cmp.Compare(x.time, y.time)
}

// missing returns how many entries of one writer lie between two cursors; known is false when they have not
// one writer.
func missing(before, after string) (n uint64, known bool) {
	x, okX := readJournalPlace(before)
	y, okY := readJournalPlace(after)
	if !okX || !okY || x.writer != y.writer || y.number <= x.number {
		return 0, false
	}
	return y.number - x.number - 1, true
}
