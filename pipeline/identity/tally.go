package identity

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A tally compares, minute by minute, two witnesses of one site's accepted deliveries: those that nginx
// tells of, with an address that corroborates the name of their agent, and those that Rails' stock log tells
// of by the name of their key. Where the two agree, the agent's name counts as the key's.
//
// A forger can add to Rails' count, by a forged Delete with the victim's key id. To nginx' count he can't, for
// he would have to send from the victim's address. So what Rails has in excess is watched closely:
//
//   - The counts of the minute so far, or of the full minute before while one of them is below 20, must both
//     be at least 1, and differ by no more than 20 % of the higher.
//   - Rails' excess, carried over from minute to minute, must not be above 2, or 2 % of nginx' count up to 8.
//     What is carried is halved with every hour of the clock and at most 32, so a clean peer is believed
//     again three or four hours after the forger has gone.
//
// A forged delivery in a stock log that keeps within that can't be told from an honest one. There are at most 8
// of them at once (2 beside a peer with less than 50 deliveries a minute) and half as many in each hour
// after, plus as many as Rails' log has lost of the honest ones. A stream of honest deliveries is needed
// beside them, and no detector's floor is as low as 8.
type tally struct {
	minute  int32 // since 1970
	railsN  uint32
	nginxN  uint32
	railsN0 uint32 // of the full minute before
	nginxN0 uint32
	excess  int32 // carried over
	hour    int32 // when excess was last halved
}

const (
	enough     = 20 // what the counts of an unfinished minute must be to be compared
	agreeShare = 5  // 1/5 is 20 %
	minSlack   = 2
	maxSlack   = 8
	slackShare = 50 // 1/50 is 2 %
	maxExcess  = 32
)

// nginx counts a delivery at t that its address corroborates.
func (y *tally) nginx(t pipeline.Time) {
	y.roll(t)
	y.nginxN++
}

// rails counts a delivery at t by its key, and reports whether it is corroborated.
func (y *tally) rails(t pipeline.Time) bool {
	y.roll(t)
	y.railsN++
	slack := min(minSlack+int64(max(y.nginxN, y.nginxN0))/slackShare, maxSlack)
	if int64(y.excess)+int64(y.railsN)-int64(y.nginxN) > slack {
		return false
	}
	if y.railsN >= enough && y.nginxN >= enough {
		return near(y.railsN, y.nginxN)
	}
	return near(y.railsN0, y.nginxN0)
}

// near reports whether two counts are at least 1 and within 20 % of each other.
func near(a, b uint32) bool {
	a, b = min(a, b), max(a, b)
	return a > 0 && uint64(b-a)*agreeShare <= uint64(b)
}

// roll closes the minutes before t.
func (y *tally) roll(t pipeline.Time) {
	minute := int32(t / pipeline.Time(time.Minute))
	if minute <= y.minute {
		return
	}
	carried := int64(y.excess) + int64(y.railsN) - int64(y.nginxN)
	y.excess = int32(min(max(carried, 0), maxExcess))
	if hour := minute / 60; hour > y.hour {
		y.excess >>= min(int64(hour)-int64(y.hour), 31) // wide: a damaged snapshot may have any hour
		y.hour = hour
	}
	y.railsN0, y.nginxN0 = 0, 0
	if minute == y.minute+1 {
		y.railsN0, y.nginxN0 = y.railsN, y.nginxN
	}
	y.minute, y.railsN, y.nginxN = minute, 0, 0
}
