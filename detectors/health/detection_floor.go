package health

import (
	"strconv"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// DetectionFloorSpec documents detection_floor.
var DetectionFloorSpec = pipeline.Spec{
	Name: "detection_floor", Title: "More names than memory holds", Threat: pipeline.ThreatHealth,
	Space: pipeline.SpaceSite | pipeline.SpaceNetwork | pipeline.SpaceInstance, Quiet: 1200,
	Kinds:      []pipeline.Kind{}, // signals and facts only
	Sees:       "Tables of sites, domains, actors, addresses and networks that are full, so that one which was seen within the hour went for another; the sketches of distinct counts (mention_fanout), when they are spent; and alerts for which there is no room.",
	Matters:    "Who has fewer events than the floor may be missed just now; whoever invents names by the thousand may do it to hide behind them. Who has more is seen as always.",
	Lookalikes: "A server that has outgrown the defaults; a crawl or an attack from very many addresses, which other alerts tell of.",
	Do: []string{
		"Look at what else is told at this time, and at who invents names: `related` of other alerts, nginx' log.",
		"If the server is simply large, raise `memory:`: tables grow with it.",
	},
	Defaults: "a table (with 256 MB: 20,000 sites, 25,000 domains, 25,000 actors, 40,000 addresses, 20,000 networks) that gave up 100 keys of the last hour in 10 to 20 m: medium; high where newcomers find no place, more come than can be told apart, or one with 32 events or more had to go; an alert that was not told because 10,000 (of low severity 5,000, medium 7,500, high 9,000) are open: high",
	Suggest: []pipeline.Suggestion{
		{Kind: "check.memory", Undo: "nothing to undo", Text: "See how many keys %s holds: `fedwarden state`."},
	},
}

const (
	manyGivenUp = 100
	highFloor   = 64 // above the lowest floor of a flood
	floorMinute = 60 * pipeline.Second
)

// DetectionFloor reports a key space that had to give up what it should know.
type DetectionFloor struct {
	pipeline.Stateless
	spaces []*window.Space
}

// NewDetectionFloor watches the spaces.
func NewDetectionFloor(spaces ...*window.Space) *DetectionFloor {
	return &DetectionFloor{spaces: spaces}
}

// Observe reports that the engine had no room for alerts. What tables gave up is looked at once a minute.
func (d *DetectionFloor) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal || e.Signal.Name != pipeline.SignalRefused {
		return
	}
	n := e.Signal.Count
	r.Find(pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityInstance}, Until: e.Time + floorMinute + pipeline.Second, Since: e.Time,
		Severity: pipeline.SeverityHigh,
		Summary:  "%s: more alerts are open than there is room for; " + strconv.FormatUint(n, 10) + " in the last second are not told",
		Measure:  pipeline.Measure{Name: "alerts_refused", Value: float64(n), Window: "1s"},
		Evidence: pipeline.Proof{Window: n},
	})
}

// Due returns the end of the minute while a space is pressed.
func (d *DetectionFloor) Due(now pipeline.Time) pipeline.Time {
	for _, s := range d.spaces {
		if s.Pressed(now) {
			return now - now%floorMinute + floorMinute
		}
	}
	return 0
}

// Advance reports what the spaces gave up, at the end of a minute.
func (d *DetectionFloor) Advance(now pipeline.Time, r pipeline.Report) {
	if now%floorMinute != 0 {
		return
	}
	var all window.Pressure
	var tables []string
	for _, s := range d.spaces {
		for _, p := range s.Pressures(now) {
			if p.Lost < manyGivenUp && p.Refused == 0 {
				continue
			}
			tables = append(tables, p.What)
			all.Lost, all.Refused, all.Floor = all.Lost+p.Lost, all.Refused+p.Refused, max(all.Floor, p.Floor)
			all.Blind = all.Blind || p.Blind
		}
	}
	if len(tables) == 0 {
		return
	}
	f := pipeline.Finding{
		Key: pipeline.Entity{Type: pipeline.EntityInstance}, Until: now + floorMinute + pipeline.Second, Since: now,
		Severity: pipeline.SeverityMedium,
		Summary:  "%s: more " + strings.Join(tables, ", ") + " come than memory holds; " + missed(all) + " may be missed",
		Measure:  pipeline.Measure{Name: "detection_floor", Value: float64(all.Floor), Window: "10m"},
		Evidence: pipeline.Proof{Window: uint64(all.Lost), Seen: uint64(all.Lost)},
	}
	if all.Refused > 0 || all.Blind || all.Floor >= highFloor {
		f.Severity = pipeline.SeverityHigh
	}
	r.Find(f)
}

// missed says who may be.
func missed(p window.Pressure) string {
	light := "one with fewer than " + strconv.Itoa(int(p.Floor)) + " events an hour"
	switch {
	case p.Refused == 0:
		return light
	case p.Floor == 0:
		return "any newcomer"
	}
	return "any newcomer, and " + light + ","
}
