package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// A voice is another detector of a stage. It states those of the stage's findings that bear its name.
type voice struct {
	*stage
	name string
}

func (v voice) Observe(_ *pipeline.Event, r pipeline.Report) {
	for _, f := range v.say {
		if f.Detector == v.name {
			r.Find(f)
		}
	}
}

func voices(s *stage) []engine.Registered {
	var list []engine.Registered
	for _, spec := range []pipeline.Spec{
		{Name: "guess", Title: "Login guessing", Threat: pipeline.ThreatTakeover, Quiet: 60, Suggest: []pipeline.Suggestion{
			{Kind: "mastodon.ip_block", Text: "block %s"}, {Kind: "mastodon.two_factor", Text: "ask for second factors"},
		}},
		{Name: "silence", Threat: pipeline.ThreatHealth, Quiet: 60},
		{Name: "wave", Title: "Wave of small domains", Threat: pipeline.ThreatMaliciousInstance, Quiet: 60},
	} {
		list = append(list, engine.Registered{Spec: spec, Detector: voice{s, spec.Name}})
	}
	return list
}

// Home takes the last two labels of a name for its site.
func (j judge) Home(e pipeline.Entity) (pipeline.Domain, pipeline.Site) {
	host := e.Value
	if e.Type == pipeline.EntityActor {
		host, _, _ = strings.Cut(strings.TrimPrefix(host, "https://"), "/")
	}
	labels := strings.Split(host, ".")
	return pipeline.Domain(host), pipeline.Site(strings.Join(labels[max(0, len(labels)-2):], "."))
}

// by returns f as detector states it.
func by(detector string, f pipeline.Finding) pipeline.Finding {
	f.Detector = detector
	return f
}

// wave returns the finding that these names, of the type domain if they say no other, have one cause.
func wave(sec float64, names ...string) pipeline.Finding {
	f := by("wave", about("", sec))
	f.Key = pipeline.Entity{Type: pipeline.EntityInstance}
	f.Summary = "wave on %s"
	for _, n := range names {
		e := pipeline.Entity{Type: pipeline.EntityDomain, Value: n}
		if typ, value, ok := strings.Cut(n, "="); ok {
			e = pipeline.Entity{Type: pipeline.EntityType(typ), Value: value}
		}
		f.Members = append(f.Members, e)
	}
	return f
}

// proves lets names be proven.
func (s *stage) proves(names ...string) {
	for _, n := range names {
		s.levels[n] = pipeline.Corroborated
	}
}

// members returns which alerts belong to a campaign, as their transitions, in short, and the campaign's detector and entity.
func (s *stage) members() []string {
	by := map[string]string{}
	for _, a := range s.alerts {
		by[a.ID] = a.Detector + " " + a.Entity.Value
	}
	var list []string
	for _, a := range s.alerts {
		if a.Campaign != nil {
			list = append(list, fmt.Sprintf("%s %s#%d %s of %s", secs(a.At.Time), a.Status, a.Seq, a.Entity.Value, by[*a.Campaign]))
		}
	}
	return list
}

func TestListedCampaign(t *testing.T) {
	s := newStage(t)
	s.proves("a.example", "b.example", "www.c.example", "d.example")
	s.find(1, about("a.example", 1))
	diff(t, s.find(2, wave(2, "a.example", "b.example", "site=c.example")), []string{
		"2 firing#1 medium instance:social.example",
		"2 updated#2 medium domain:a.example corroborated",
	})
	s.restart()
	s.find(3, about("b.example", 3), about("www.c.example", 3), about("d.example", 3))
	diff(t, s.members(), []string{
		"2 updated#2 a.example of wave social.example",
		"3 firing#1 b.example of wave social.example",
		"3 firing#1 www.c.example of wave social.example",
	})
	diff(t, s.find(4, wave(4, "d.example")), []string{"4 updated#2 medium domain:d.example corroborated"})
	diff(t, s.find(5, wave(5, "d.example", "b.example")), nil)
	w := wave(6, "e.example")
	w.Severity = pipeline.SeverityHigh
	s.find(6, w)
	diff(t, s.last().Related.Domains, []string{"a.example", "b.example", "c.example", "d.example", "e.example"})
	diff(t, s.last().Related.Counts.Domains, 5)
}

// TestListedByName lists an actor by its host and its site, and an address by what is proven of it.
func TestListedByName(t *testing.T) {
	s := newStage(t)
	actor := about("https://www.a.example/u", 1)
	actor.Key.Type = pipeline.EntityActor
	s.proves(actor.Key.Value)
	s.find(0.5, wave(0.5, "site=a.example", "b.example"))
	s.find(1, actor, about("b.example", 1, "192.0.2.1"))
	diff(t, s.members(), []string{"1 firing#1 https://www.a.example/u of wave social.example"}) // a claim makes no member
	s.proves("b.example")
	s.find(2, about("b.example", 2, "192.0.2.1"))
	diff(t, s.members()[1:], []string{"2 updated#2 192.0.2.1 of wave social.example"})
	diff(t, s.last().Proven.Value, "b.example")
}

func TestWhoIsNoMember(t *testing.T) {
	s := newStage(t)
	s.proves("a.example", "named.example")
	own := by("wave", about("a.example", 1))
	health := by("silence", about("a.example", 1))
	named := by("wave", about("named.example", 1))
	named.Members = []pipeline.Entity{{Type: pipeline.EntityDomain, Value: "a.example"}}
	s.find(1, own, health, named, wave(1, "a.example"))
	diff(t, s.members(), nil)
	other := by("guess", wave(2, "instance=social.example"))
	s.find(2, other, about("a.example", 2)) // no campaign is a member, not even of one that lists it
	diff(t, s.members(), []string{"2 firing#1 a.example of wave social.example"})
}

func TestOlderCampaignHasIt(t *testing.T) {
	s := newStage(t)
	s.proves("a.example", "b.example")
	second := by("guess", wave(2, "a.example", "b.example"))
	second.Key = pipeline.Entity{Type: pipeline.EntityTemplate, Value: "x"}
	none := second
	none.Members = nil
	s.find(0.5, none) // it is open before the first, but no campaign
	s.find(1, wave(1, "a.example"))
	s.find(2, second)
	s.restart()
	s.find(3, about("a.example", 3), about("b.example", 3))
	diff(t, s.members(), []string{"3 firing#1 a.example of wave social.example", "3 firing#1 b.example of guess x"})
}

func TestCampaignIsAsSevereAsItsMembers(t *testing.T) {
	s := newStage(t)
	s.proves("a.example", "b.example", "c.example")
	high := func(name string, sec float64, severity pipeline.Severity) pipeline.Finding {
		f := about(name, sec)
		f.Severity = severity
		return f
	}
	s.find(1, high("a.example", 1, pipeline.SeverityHigh))
	diff(t, s.find(2, wave(2, "a.example", "b.example"))[0], "2 firing#1 high instance:social.example")
	diff(t, s.find(3, high("b.example", 3, pipeline.SeverityCritical)), []string{
		"3 firing#1 critical domain:b.example corroborated",
		"3 updated#2 critical instance:social.example",
	})
	s.proves("worse.example")
	s.find(3.5, high("worse.example", 3.5, pipeline.SeverityCritical))
	other := wave(3.5, "x.example")
	other.Key = pipeline.Entity{Type: pipeline.EntityTemplate, Value: "x"}
	s.find(3.5, other)
	other.Members[0].Value = "worse.example"
	diff(t, s.find(3.6, other), []string{"3.6 updated#2 critical template:x", "3.6 updated#2 critical domain:worse.example corroborated"})
	s.find(4, high("c.example", 4, pipeline.SeverityLow))
	w := wave(5, "c.example")
	w.Severity = pipeline.SeverityLow
	diff(t, s.find(5, w), []string{"5 updated#2 low domain:c.example corroborated"})
	diff(t, s.find(6, high("c.example", 6, pipeline.SeverityMedium)), []string{"6 updated#3 medium domain:c.example corroborated"})
}

// A campaign that is over carries nobody: who is new is told, and so is a member that is worse than it was.
func TestCampaignEndsFirst(t *testing.T) {
	s := newStage(t)
	s.proves("a.example", "b.example", "c.example")
	w := wave(1, "a.example", "b.example", "c.example")
	a, b := about("a.example", 1), about("b.example", 1)
	a.Until, b.Until = at(500), at(500)
	s.find(0.5, w)
	s.find(1, a, b)
	diff(t, s.at(80), []string{"71 resolved#2 medium instance:social.example"})
	s.restart()
	c := about("c.example", 81)
	c.Until = at(500)
	s.find(81, c)
	diff(t, s.last().Campaign, nil)
	a.Severity = pipeline.SeverityHigh
	diff(t, s.find(82, a), []string{"82 updated#2 high domain:a.example corroborated"})
	diff(t, s.last().Campaign, nil)
	s.at(600)
	diff(t, s.members(), []string{
		"1 firing#1 a.example of wave social.example",
		"1 firing#1 b.example of wave social.example",
		"560 resolved#2 b.example of wave social.example",
	})
}

func TestCampaignsAreBounded(t *testing.T) {
	s := newStage(t)
	names := func(from, n int) (list []string) {
		for i := range n {
			list = append(list, fmt.Sprint(from+i, ".example"))
		}
		return list
	}
	for i := range 18 {
		w := wave(1, names(i*5000, 5000)...)
		w.Key, w.Until = pipeline.Entity{Type: pipeline.EntityTemplate, Value: fmt.Sprint(i)}, at(float64(100+i))
		s.find(1, w)
		diff(t, s.last().Related.Counts.Domains, uint64(min(4096, max(0, 1<<16-i*4096))))
	}
	s.proves("4095.example", "4096.example", "85000.example")
	s.find(2, about("4095.example", 2), about("4096.example", 2), about("85000.example", 2))
	diff(t, s.members(), []string{"2 firing#1 4095.example of wave 0"})
	s.restart()
	last := wave(3, "85000.example")
	last.Key = pipeline.Entity{Type: pipeline.EntityTemplate, Value: "17"}
	diff(t, s.find(3, last), nil)
	s.at(160) // the first is over
	last.Until = at(300)
	s.find(161, last)
	s.find(161.5, about("85000.example", 161.5))
	diff(t, s.members()[2:], []string{"161.5 firing#1 85000.example of wave 17"})
}
