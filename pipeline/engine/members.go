package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// count brings what c, a campaign, says of its members up to date; open are those that still are.
func (t *tracker) count(c *episode, open []*episode) {
	a, camp := &c.Alert, c.Carries
	if !camp.Speaks {
		a.Evidence.Total = c.Total
		camp.addTo(&a.Related, a.Entity, camp.Members)
		return
	}
	a.Evidence.Total = camp.Past
	for _, ep := range open {
		a.Evidence.Total += ep.Total
		if s := ep.Alert.Evidence.Samples; len(s) > 0 && len(a.Evidence.Samples) < maxSamples && !slices.Contains(a.Evidence.Samples, s[0]) {
			a.Evidence.Samples = append(slices.Clip(a.Evidence.Samples), s[0])
		}
	}
	a.Evidence.Total = max(a.Evidence.Total, c.Total) // its own facts may be of the same events
	a.Related = pipeline.AlertRelated{}
	camp.addTo(&a.Related, a.Entity, camp.byWeight(open))
	least, where := minCrowd, " at about the same time"
	if a.Entity.Type != pipeline.EntityInstance {
		least, where = minAkin, " of "+a.Entity.Value
	}
	a.Summary = t.title(a.Detector) + ": " + camp.howMany() + where
	a.Measure = pipeline.Measure{Name: "alerts", Value: float64(camp.Joined), Threshold: float64(least)}
	if camp.Joined == camp.Founded { // later ones joined in a time of no fixed length
		a.Measure.Window = "10m"
	}
}

// general returns what could be done against nobody in particular.
func (t *tracker) general(detector string) []pipeline.Suggestion {
	list := []pipeline.Suggestion{}
	for _, s := range t.specs[detector].spec.Suggest {
		if !aimsAtName(s.Kind) && !strings.Contains(s.Text+s.Undo, "%s") {
			list = append(list, s)
		}
	}
	return list
}

// byWeight returns the members of c: those of open first, most events first, then by name.
func (c *campaign) byWeight(open []*episode) []pipeline.Entity {
	weight := map[pipeline.Entity]uint64{}
	for _, ep := range open {
		weight[entityOf(ep.Alert.Entity)] += ep.Total
	}
	list := slices.Clone(c.Members)
	slices.SortFunc(list, func(a, b pipeline.Entity) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), compareEntities(a, b))
	})
	return list
}

// addTo adds members to r, each name once and never that of the alert itself.
func (c *campaign) addTo(r *pipeline.AlertRelated, named pipeline.AlertEntity, members []pipeline.Entity) {
	var domains, actors, ips []string
	once := map[string]bool{named.Value: true}
	for _, e := range members {
		if once[e.Value] {
			continue
		}
		once[e.Value] = true
		switch e.Type {
		case pipeline.EntityDomain, pipeline.EntitySite:
			domains = append(domains, e.Value)
		case pipeline.EntityActor:
			actors = append(actors, e.Value)
		case pipeline.EntityIP, pipeline.EntityPrefix:
			ips = append(ips, e.Value)
		}
	}
	r.Domains, r.Actors, r.IPs = list(r.Domains, domains, named.Value), list(r.Actors, actors, named.Value), list(r.IPs, ips, named.Value)
	r.Counts.Domains = max(r.Counts.Domains, uint64(len(domains)), uint64(len(r.Domains)))
	r.Counts.Actors = max(r.Counts.Actors, uint64(len(actors)), uint64(len(r.Actors)))
	r.Counts.IPs = max(r.Counts.IPs, uint64(len(ips)), uint64(len(r.IPs)))
}

// nouns are what members are called.
var nouns = [...]struct {
	typ       pipeline.EntityType
	one, many string
}{
	{pipeline.EntitySite, "site", "sites"},
	{pipeline.EntityDomain, "host", "hosts"},
	{pipeline.EntityActor, "actor", "actors"},
	{pipeline.EntityPrefix, "network", "networks"},
	{pipeline.EntityIP, "address", "addresses"},
	{pipeline.EntityAccount, "local account", "local accounts"},
	{pipeline.EntityJobClass, "job class", "job classes"},
	{pipeline.EntityQueue, "queue", "queues"},
	{pipeline.EntityPath, "path", "paths"},
	{pipeline.EntityTemplate, "template", "templates"},
	{pipeline.EntitySource, "source", "sources"},
}

// howMany says how many members of each kind c has.
func (c *campaign) howMany() string {
	count := map[pipeline.EntityType]int{}
	for _, e := range c.Members {
		count[e.Type]++
	}
	var parts []string
	for _, n := range nouns {
		switch k := count[n.typ]; {
		case k == 1:
			parts = append(parts, "1 "+n.one)
		case k > 1:
			parts = append(parts, strconv.Itoa(k)+" "+n.many)
		}
	}
	s := strings.Join(parts, ", ")
	if c.More {
		return "at least " + s
	}
	return s
}
