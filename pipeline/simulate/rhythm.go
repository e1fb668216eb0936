package simulate

// quarters is how many steps a week has: the rhythm is one number for each half hour.
const weekSteps = 7 * 48

// dayRhythm is how awake people are, by the hour of their day: least at four in the morning, most at nine in the
// evening. An assumption, of the shape that every server's graph shows.
var dayRhythm = [24]float64{0.55, 0.36, 0.25, 0.19, 0.17, 0.22, 0.40, 0.68, 0.95, 1.10, 1.17, 1.20, 1.24, 1.24, 1.20, 1.20, 1.24,
	1.32, 1.42, 1.55, 1.66, 1.68, 1.42, 0.95}

// weekRhythm is the same for the days, Monday first.
var weekRhythm = [7]float64{1.04, 1.05, 1.05, 1.03, 1.00, 0.90, 0.93}

// firstMonday is a Monday's midnight.
const firstMonday = 4 * day // 1970-01-05

// rhythm returns how busy people of a time zone, in half hours east, are.
func rhythm(m moment, zone int, swing float64) float64 {
	step := int((m-firstMonday)/(30*minute)) + zone
	step = (step%weekSteps + weekSteps) % weekSteps
	h := step % 48
	a, b := dayRhythm[h/2], dayRhythm[(h/2+1)%24]
	f := a
	if h%2 == 1 {
		f = (a + b) / 2
	}
	f *= weekRhythm[step/48]
	if swing == 1 {
		return f
	}
	return max(0.05, 1+swing*(f-1))
}

// zones are the time zones of people, in half hours east of UTC, with their shares: an assumption, after which
// languages the fediverse is written in.
var zones = [...]struct {
	zone  int
	share float64
}{{2, 0.16}, {4, 0.34}, {-8, 0.16}, {-10, 0.06}, {-14, 0.12}, {18, 0.12}, {20, 0.02}, {0, 0.02}}

// zoneOf draws a time zone.
func zoneOf(r *stream) int {
	x := r.float()
	for _, z := range zones {
		if x -= z.share; x < 0 {
			return z.zone
		}
	}
	return zones[0].zone
}

// arrival returns when what happens at a rate that intensity gives (events a day, constant within a slot) happens next.
// It integrates the intensity until an exponential number is used up.
func (s *sim) arrival(r *stream, slot moment, intensity func(at moment) float64) moment {
	left := r.exp()
	at := s.now
	for at < s.end {
		until := (at/slot + 1) * slot
		rate := intensity(at) / float64(day)
		if got := rate * float64(until-at); got < left {
			left -= got
			at = until
			continue
		}
		return at + moment(left/rate) + 1
	}
	return s.end
}
