package window

// A lane lets some keys in of which one event says enough, past the doorkeeper: who guesses a password every other
// minute, or asks for what costs seconds, would never knock eight times within a minute; nor would any of the hundred new
// sites of a wave, each of which has a few deliveries accepted. It is narrow, so that nobody
// empties a table by it: a fortieth of the table in a minute, 512 keys at the most.
type lane struct {
	minute, used uint32
}

const (
	laneWidth = 512
	laneShare = 40
)

// take reports whether there is room for one more key of a table of that capacity in the minute of second, and takes it.
func (l *lane) take(second uint32, capacity int) bool {
	if minute := second / 60; l.minute != minute {
		*l = lane{minute: minute}
	}
	if l.used >= uint32(min(laneWidth, capacity/laneShare)) {
		return false
	}
	l.used++
	return true
}

// telling are the metrics of which one event says enough.
const telling = nameSet(1)<<SignInFails | 1<<SignInsDone | 1<<SignUps | 1<<CostlyMS
