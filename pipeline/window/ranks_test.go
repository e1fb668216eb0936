package window

import (
	"fmt"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"pgregory.net/rapid"
)

// TestRanksHoldEveryKey plays events of many keys over hours and days, and looks after each whether every key that
// may be replaced is in the list of its weight, once, and whether the lightest is one.
func TestRanksHoldEveryKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSite(12)
		s.Metric(Site, Inbox, Of(S1m, S24h))
		at := start
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			at = at.Add(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute, time.Hour, 5 * time.Hour, 30 * time.Hour}).Draw(t, "gap"))
			host := fmt.Sprintf("h%d.example", rapid.IntRange(0, 30).Draw(t, "host"))
			level := rapid.SampledFrom([]pipeline.Attribution{pipeline.Claimed, pipeline.Verified}).Draw(t, "level")
			for range rapid.SampledFrom([]int{1, 1, 8, 30}).Draw(t, "n") {
				s.Observe(delivery(at, host, "", "", level), nil)
			}
			checkRanks(t, s.tables[Site], uint32(at/pipeline.Second))
		}
	})
}

func checkRanks(t *rapid.T, tab *table, second uint32) {
	tab.ranks.turn(epochOf(second), &tab.keys)
	var d decoder
	if tab.ranks.check(&d, tab); d.err != nil {
		t.Fatal("the lists are not those of the keys")
	}
	victim := tab.lightest(second)
	for slot := int32(1); slot <= int32(tab.keys.used); slot++ {
		r := tab.record(slot)
		if !r.used() || r.is(flagShielded) || victim == 0 {
			continue
		}
		if got, least := tab.record(victim).weight(tab.ranks.epoch), r.weight(tab.ranks.epoch); got > 2*least {
			t.Fatalf("the lightest weighs %d, another one %d", got, least)
		}
	}
}
