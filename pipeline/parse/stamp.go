package parse

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// localLayout and isoLayout are the stamps of $time_local and $time_iso8601.
const (
	localLayout = "02/Jan/2006:15:04:05 -0700"
	isoLayout   = "2006-01-02T15:04:05"
)

// No log of a Mastodon server is older or newer; and nanoseconds hold no more.
const (
	firstYear = 1971
	lastYear  = 2261
	firstUnix = 31_536_000
	lastUnix  = 9_214_646_399
)

// A clock reads stamps, and knows the last second again, because a second holds many lines.
type clock struct {
	zone  *time.Location // of stamps that name none
	zoned bool           // the last stamp names its own
	text  [len(localLayout)]byte
	time  pipeline.Time
}

// read reads a stamp of one of nginx's three kinds, told by its shape.
func (c *clock) read(s string) (t pipeline.Time, digits uint8, ok bool) {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	c.zoned = true
	switch {
	case len(s) == len(localLayout) && s[2] == '/':
		t, ok = c.local(s)
		return t, 0, ok
	case len(s) >= len(isoLayout) && s[4] == '-':
		_, _, tail := decimals(s[len(isoLayout):])
		c.zoned = tail != ""
		return readISO(s, c.zone)
	}
	return readUnix(s)
}

// local reads $time_local.
func (c *clock) local(s string) (pipeline.Time, bool) {
	if s == string(c.text[:]) {
		return c.time, true
	}
	t, ok := readLocal(s)
	if ok {
		copy(c.text[:], s)
		c.time = t
	}
	return t, ok
}

// isLocal reports whether s is a stamp of $time_local.
func isLocal(s string) bool {
	_, ok := readLocal(s)
	return ok
}

// readLocal reads "23/Nov/2026:07:21:02 +0000".
func readLocal(s string) (pipeline.Time, bool) {
	if len(s) != len(localLayout) || s[2] != '/' || s[6] != '/' || s[11] != ':' || s[14] != ':' ||
		s[17] != ':' || s[20] != ' ' {
		return 0, false
	}
	offset, ok := readZone(s[21:])
	if !ok {
		return 0, false
	}
	return instant(number(s[7:11]), monthOf(s[3:6]), number(s[0:2]), number(s[12:14]), number(s[15:17]),
		number(s[18:20]), offset)
}

// readISO reads "2026-11-23T07:21:38+00:00", with a blank for the T, decimals, Z or no zone as may be.
func readISO(s string, zone *time.Location) (t pipeline.Time, digits uint8, ok bool) {
	if len(s) < len(isoLayout) || s[4] != '-' || s[7] != '-' || s[10] != 'T' && s[10] != ' ' ||
		s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	frac, digits, rest := decimals(s[len(isoLayout):])
	offset, ok := readZone(rest)
	if !ok && rest != "" {
		return 0, 0, false
	}
	year, month, day := number(s[0:4]), number(s[5:7]), number(s[8:10])
	t, ok = instant(year, month, day, number(s[11:13]), number(s[14:16]), number(s[17:19]), offset)
	if ok && rest == "" && zone != nil && zone != time.UTC {
		std := t.Std()
		t = pipeline.TimeOf(time.Date(year, time.Month(month), day, std.Hour(), std.Minute(), std.Second(), 0, zone))
	}
	return t + frac, digits, ok
}

// readUnix reads $msec, "1795418498.146", and whole seconds.
func readUnix(s string) (t pipeline.Time, digits uint8, ok bool) {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	if n == 0 || n > 10 {
		return 0, 0, false
	}
	frac, digits, rest := decimals(s[n:])
	sec := number(s[:n])
	if rest != "" || sec < firstUnix || sec > lastUnix {
		return 0, 0, false
	}
	return pipeline.Time(sec)*pipeline.Second + frac, digits, true
}

// decimals reads ".146", to nine digits; what follows is the rest.
func decimals(s string) (frac pipeline.Time, digits uint8, rest string) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return 0, 0, s
	}
	unit := pipeline.Second
	for s = s[1:]; s != "" && s[0]-'0' <= 9; s = s[1:] {
		if digits < 9 {
			unit /= 10
			frac += pipeline.Time(s[0]-'0') * unit
			digits++
		}
	}
	return frac, digits, s
}

// readZone reads "Z", "+0000" or "+00:00" as seconds east of UTC.
func readZone(s string) (int, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) == 6 && s[3] == ':' {
		h, m := number(s[1:3]), number(s[4:6])
		return zone(s[0], h, m)
	}
	if len(s) != 5 {
		return 0, false
	}
	return zone(s[0], number(s[1:3]), number(s[3:5]))
}

func zone(sign byte, h, m int) (int, bool) {
	east := h*3600 + m*60
	switch {
	case h < 0 || h > 14 || m < 0 || m > 59:
		return 0, false
	case sign == '+':
		return east, true
	}
	return -east, sign == '-'
}

// instant returns the time of a date that exists, in a zone that many seconds east of UTC.
func instant(year, month, day, hour, minute, sec, east int) (pipeline.Time, bool) {
	if year < firstYear || year > lastYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || sec < 0 || sec > 59 {
		return 0, false
	}
	unix := int64(days(year, month, day))*86400 + int64(hour*3600+minute*60+sec-east)
	if unix < firstUnix || unix > lastUnix {
		return 0, false
	}
	return pipeline.Time(unix) * pipeline.Second, true
}

// days returns the days since 1970-01-01, by the civil calendar counted from March.
func days(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

var monthDays = [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return monthDays[month]
}

const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"

// monthOf returns the number of a month's English name, 0 for none.
func monthOf(s string) int {
	for i := 0; i+3 <= len(monthNames); i += 3 {
		if monthNames[i:i+3] == s {
			return i/3 + 1
		}
	}
	return 0
}

// number reads digits; -1 if there is anything else.
func number(s string) int {
	n := 0
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return -1
		}
		n = n*10 + int(d)
	}
	return n
}
