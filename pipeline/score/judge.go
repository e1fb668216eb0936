package score

import (
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// minFramed is on how many days an honest site's traffic was seen when naming it is framing.
const minFramed = 3

// Judge compares the incidents of one run with its truth. logs are those that were read, by their format
// ("nginx", "rails", "sidekiq"); none means all. An attack that leaves no trace in them is counted apart.
func Judge(t *Truth, incidents []Incident, logs []string) *Tally {
	j := judge{truth: t, tally: &Tally{Runs: 1}, kinds: t.days(), found: make([][]*Incident, len(t.Attacks))}
	for n, kind := range j.kinds {
		j.tally.Days[kind] += t.share(n)
	}
	for i := range incidents {
		j.incident(&incidents[i])
	}
	for i := range t.Attacks {
		j.attack(&t.Attacks[i], j.found[i], logs)
	}
	return j.tally
}

type judge struct {
	truth *Truth
	tally *Tally
	kinds []Day
	found [][]*Incident // told matches by attack
}

// incident counts i where it belongs.
func (j *judge) incident(i *Incident) {
	j.innocents(i)
	told := !i.Told.IsZero()
	match := j.match(i)
	switch {
	case told && i.Opened.Before(j.truth.Run.Warm):
		j.tally.WarmUp++
		return
	case !told && i.Member && i.Severity >= pipeline.SeverityMedium:
		j.tally.Members++
		return
	case !told:
		j.tally.Low++
		return
	}
	j.tally.Messages += i.Messages
	invented := j.named(i)
	switch {
	case match >= 0:
		j.tally.Right++
		j.found[match] = append(j.found[match], i)
	case i.Threat == pipeline.ThreatHealth:
		j.tally.Health++
	case invented:
		j.tally.SeenOnly++
	default:
		kind := j.day(i.Opened)
		j.tally.False[kind]++
		about := j.truth.anyRunning(i.Opened, func(a *Attack) bool { return i.about(&a.Attackers) })
		j.tally.blame(Culprit{Detector: i.Detector, Day: kind, During: j.truth.during(i.Opened), Attacker: about}, 1)
	}
}

// match returns the index of the attack that i matches, or -1.
func (j *judge) match(i *Incident) int {
	return slices.IndexFunc(j.truth.Attacks, func(a Attack) bool {
		return a.running(i.Opened) && (i.Threat == "" || slices.Contains(a.Threats, i.Threat)) && i.about(&a.Attackers)
	})
}

// named counts whether the name that i gives is the attacker's, and reports whether it is an invented one.
func (j *judge) named(i *Incident) (invented bool) {
	names := i.names()
	if len(names) == 0 {
		return false
	}
	verdict := &j.tally.NamedRight
	for _, e := range names {
		switch {
		case j.truth.guilty(e, i.Opened):
		case j.truth.invented(hostOf(e), i.Opened):
			verdict, invented = &j.tally.NamedSeenOnly, true
		default:
			j.tally.NamedWrong++
			return false
		}
	}
	*verdict++
	return invented
}

// innocents notes honest sites that i names, told or not.
func (j *judge) innocents(i *Incident) {
	run, noted := &j.truth.Run, ""
	for _, e := range i.names() {
		host := hostOf(e)
		site, ok := j.truth.honest(host)
		if !ok || site == noted || j.truth.guilty(e, i.Opened) {
			continue
		}
		noted = site
		n := Named{Seed: run.Seed, Family: run.Family, ID: i.ID, Detector: i.Detector, Site: site,
			Days: j.truth.Honest[site], At: i.Opened, During: j.truth.during(i.Opened)}
		j.tally.Honest = append(j.tally.Honest, n)
		if n.Days >= minFramed && j.truth.forged(host, i.Opened) {
			j.tally.Framed = append(j.tally.Framed, n)
		}
	}
}

// attack counts what became of a, of which found are the incidents.
func (j *judge) attack(a *Attack, found []*Incident, logs []string) {
	c := j.tally.count(Cell{Scenario: a.Scenario, Intensity: a.Intensity, Threat: a.Threats[0]})
	switch {
	case len(found) == 0 && !a.seen(logs):
		c.Unseen++
		return
	case len(found) == 0:
		c.Planted++
		return
	}
	slices.SortStableFunc(found, func(x, y *Incident) int { return x.Told.Compare(y.Told) })
	c.Planted++
	c.Found++
	c.Duplicates += len(found) - 1
	for _, i := range found {
		c.Messages += i.Messages
	}
	first := found[0]
	c.After = append(c.After, first.Told.Sub(a.Start))
	if first.Evidence > 0 && a.Events > 0 {
		c.Share = append(c.Share, min(1, float64(first.Evidence)/float64(a.Events)))
	}
}

// day returns the kind of the day in which at lies.
func (j *judge) day(at time.Time) Day {
	n := int(at.Sub(j.truth.Run.Start) / day)
	return j.kinds[min(n, len(j.kinds)-1)]
}
