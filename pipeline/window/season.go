package window

import "math"

// A season tells how much of an hour's mean comes in each hour of the day, and on top of that of the week, in UTC: what
// a server hears at four in the morning is not what it hears at eight in the evening. All keys of a metric share
// one. The hour of the day is a discounted mean of what it held; the hour of the week is learned within weeks, by steps that
// an hour in which much is amiss can't stretch. Until a day is over, there is none.
type season struct {
	sums [24]float64 // of what the hours of the day held
	seen [24]float64 // how many there were, discounted likewise
	day  [24]float32 // one is the mean
	week [7 * 24]float32
}

const (
	dayKeep   = 0.85 // of an hour of the day's past, whenever it comes again
	weekStep  = 0.15 // of the logarithm's way
	maxSwing  = 3.0  // what an hour may be above or below what was expected, to be learned
	maxSeason = 8.0  // and may be above or below the mean at all
)

func newSeason() season {
	var s season
	for i := range s.day {
		s.day[i] = 1
	}
	for i := range s.week {
		s.week[i] = 1
	}
	return s
}

// of returns the factor of an hour since 1970.
func (s *season) of(hour uint32) float64 {
	return float64(s.day[hour%24]) * float64(s.week[hour%(7*24)])
}

// at returns the factor at a second, between those of the hours around it.
func (s *season) at(second uint32) float64 {
	half := second - 1800
	hour, part := half/3600, float64(half%3600)/3600
	return s.of(hour)*(1-part) + s.of(hour+1)*part
}

// learn takes in an hour that held x, of which expected was expected by the factors so far.
func (s *season) learn(hour uint32, x, expected float64) {
	h := hour % 24
	if again := s.seen[h] > 0; again && s.full() {
		ratio := min(max((x+1)/(expected+1), 1/maxSwing), maxSwing)
		w := hour % (7 * 24)
		s.week[w] = swing(float64(s.week[w]) * math.Pow(ratio, weekStep))
	}
	s.sums[h] = s.sums[h]*dayKeep + x
	s.seen[h] = s.seen[h]*dayKeep + 1
	if s.full() {
		s.level()
	}
}

// full reports whether each hour of the day was seen.
func (s *season) full() bool {
	for _, n := range s.seen {
		if n == 0 {
			return false
		}
	}
	return true
}

// level makes factors of the means, whose own mean is one.
func (s *season) level() {
	all := 0.0
	for h := range s.sums {
		all += (s.sums[h] + 1) / s.seen[h]
	}
	for h := range s.day {
		s.day[h] = swing((s.sums[h] + 1) / s.seen[h] * 24 / all)
	}
}

func swing(v float64) float32 { return float32(min(max(v, 1/maxSeason), maxSeason)) }

func (s *season) write(c *coder) {
	for h := range s.sums {
		c.float(s.sums[h])
		c.float(s.seen[h])
	}
	c.floats(s.day[:])
	c.floats(s.week[:])
}

func (s *season) read(d *decoder) {
	for h := range s.sums {
		s.sums[h], s.seen[h] = d.float(0, 1e15), d.float(0, 1e3)
	}
	d.floats(s.day[:], 1/maxSeason, maxSeason)
	d.floats(s.week[:], 1/maxSeason, maxSeason)
}
