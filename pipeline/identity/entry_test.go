package identity

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

const secondAddr = "198.51.100.200" // the victim's too

// verified returns a delivery that Rails verified, in a line without an address.
func verified(at pipeline.Time, key string) *pipeline.Event {
	return with(rails(at, key), func(e *pipeline.Event) { e.Verified = pipeline.VerdictYes })
}

// TestEntryByNumbers shows addresses that come into a living history, or don't, by what Rails verified.
func TestEntryByNumbers(t *testing.T) {
	f := func(what, ip string, level pipeline.Attribution, hourly func(id *Identity, at pipeline.Time)) {
		t.Helper()
		id, at := known(t)
		for end := at + 7*day; at < end; at += hour {
			levelOf(id, nginx(at, victimAddr, victim, victim))
			levelOf(id, verified(at, victim))
			hourly(id, at)
		}
		want(t, what, levelOf(id, nginx(at, ip, victim, victim)), level)
	}
	second := func(id *Identity, at pipeline.Time) {
		levelOf(id, verified(at+minute, victim))
		levelOf(id, nginx(at+minute, secondAddr, victim, victim))
	}
	forge := func(id *Identity, at pipeline.Time) {
		levelOf(id, nginx(at+2*minute, forgerAddr, victim, victim))
		levelOf(id, with(rails(at+2*minute, victim), func(e *pipeline.Event) { e.Verified = pipeline.VerdictNo }))
	}
	f("the victim's second address", secondAddr, pipeline.Corroborated, second)
	f("its second address, that nginx has no keys of", secondAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		levelOf(id, verified(at+minute, victim))
		levelOf(id, nginx(at+minute, secondAddr, victim, ""))
	})
	f("a forger's Deletes", forgerAddr, pipeline.Claimed, forge)
	f("a forger's Deletes beside the second address", forgerAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		second(id, at)
		forge(id, at)
	})
	f("a forger with a key of his own", forgerAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		levelOf(id, verified(at+minute, "forger.example"))
		levelOf(id, nginx(at+minute, forgerAddr, victim, "forger.example"))
		levelOf(id, nginx(at+minute, forgerAddr, victim, victim))
	})
	f("a forger's Deletes, and half of the victim's lines are missing in nginx", forgerAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		levelOf(id, verified(at+minute, victim))
		levelOf(id, verified(at+minute, victim))
		forge(id, at)
	})
	f("a forger's Deletes, that are missing in Rails", forgerAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		levelOf(id, nginx(at+2*minute, forgerAddr, victim, victim))
	})
	f("too few a day", secondAddr, pipeline.Claimed, func(id *Identity, at pipeline.Time) {
		if hourOf(at)%2 == 0 {
			second(id, at)
		}
	})
}

// TestUnverifiedTeachesNothing shows that a 202 that nobody has verified, as an unknown actor's Delete gets, leaves what
// is known as it was: no level, no address and no alias of the victim's changes by it.
func TestUnverifiedTeachesNothing(t *testing.T) {
	for _, verdict := range []pipeline.Verdict{pipeline.VerdictUnsaid, pipeline.VerdictNo} {
		id, at := known(t)
		said := func(e *pipeline.Event) *pipeline.Event { e.Verified = verdict; return e }
		for end := at + 29*day; at < end; at += 10 * minute {
			if at-end > -hour {
				levelOf(id, nginx(at, victimAddr, victim, ""))
			}
			for _, agent := range []string{"", victim, "forger.example"} {
				want(t, "a Delete in nginx", levelOf(id, said(nginx(at, forgerAddr, agent, victim))), pipeline.Claimed)
			}
			want(t, "a Delete in Rails", levelOf(id, said(rails(at, victim))), pipeline.Claimed)
			want(t, "a Delete in Rails, with its address", levelOf(id, said(with(rails(at, victim), func(e *pipeline.Event) {
				*e = *with(nginx(at, forgerAddr, victim, victim), func(e *pipeline.Event) { e.Format = pipeline.FormatRails })
			}))), pipeline.Claimed)
		}
		s := id.table.find(id.cache.host(victim))
		for i := range s.list {
			if a := &s.list[i]; a.key == keyOf(nginx(at, forgerAddr, "", "").IP) && (a.entered || a.hours > 0 || a.requests > 0 || verdict == pipeline.VerdictNo) {
				t.Errorf("verified %v: the forger's address is in the history: %+v", verdict, a)
			}
		}
		if len(s.aliases.list) > 0 || s.tally.railsN > 0 && verdict == pipeline.VerdictNo {
			t.Errorf("verified %v: got aliases %v, tally %+v", verdict, s.aliases, s.tally)
		}
		want(t, "the victim", levelOf(id, nginx(at, victimAddr, victim, "")), pipeline.Corroborated)
	}
}
