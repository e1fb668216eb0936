package health

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// pressed is a detector over a small Space that strangers come to.
type pressed struct {
	*DetectionFloor
	site  *window.Space
	n     int
	found []pipeline.Finding
}

const (
	roomFor = 500
	morning = pipeline.Time(1_795_003_200) * pipeline.Second // begins ten minutes
)

// newPressed returns one with as many keys as there is room for: sites, and as many domains as domains says.
func newPressed(domains int) *pressed {
	o := window.Options{Space: pipeline.SpaceSite}
	o.Keys[window.Site], o.Keys[window.Domain], o.Keys[window.Actor] = roomFor, domains, roomFor
	s := window.NewSpace(o)
	s.Metric(window.Domain, window.Inbox, window.DomainScales)
	p := &pressed{DetectionFloor: NewDetectionFloor(s), site: s}
	p.strangers(morning, roomFor)
	return p
}

func (p *pressed) Find(f pipeline.Finding) { p.found = append(p.found, f) }
func (p *pressed) Signal(pipeline.Signal)  {}

// strangers lets n proven hosts deliver that never did.
func (p *pressed) strangers(at pipeline.Time, n int) {
	for range n {
		p.n++
		host := fmt.Sprintf("h%d.example", p.n)
		p.site.Observe(&pipeline.Event{Time: at, Kind: pipeline.KindRequest, Method: pipeline.MethodPost, Endpoint: pipeline.EndpointInbox, Status: 202,
			Domain: pipeline.Domain(host), Site: pipeline.Site(host), Level: pipeline.Verified, Counts: pipeline.CountsDomain}, nil)
	}
}

// told returns what is reported after as many minutes.
func (p *pressed) told(after time.Duration) []pipeline.Finding {
	p.found = nil
	p.Advance(morning.Add(after), p)
	return p.found
}

// TestFloorOfATable shows when a table that gives up keys is told of, and until when.
func TestFloorOfATable(t *testing.T) {
	p := newPressed(2 * roomFor)
	if got := p.told(time.Minute); len(got) != 0 || p.Due(morning) != 0 {
		t.Errorf("a full table that gave up nothing: got %+v, want nothing", got)
	}
	p.strangers(morning.Add(time.Minute), manyGivenUp)
	got := p.told(2 * time.Minute)
	if len(got) != 1 || got[0].Severity != pipeline.SeverityMedium || !strings.Contains(got[0].Summary, "more sites come") ||
		!strings.Contains(got[0].Summary, "fewer than 2 events an hour") {
		t.Fatalf("a hundred given up: got %+v, want one of sites, medium", got)
	}
	if due := p.Due(morning.Add(19 * time.Minute)); due != morning.Add(20*time.Minute) {
		t.Errorf("due: got %s, want the end of the minute", due)
	}
	if got := p.told(20 * time.Minute); len(got) != 0 || p.Due(morning.Add(20*time.Minute)) != 0 {
		t.Errorf("after two panes: got %+v, want nothing", got)
	}
}

// TestHighFloor holds the documentation to what makes the alert a grave one: keys of 32 events, not of 31.
func TestHighFloor(t *testing.T) {
	if !strings.Contains(DetectionFloorSpec.Defaults, "one with 32 events") {
		t.Errorf("the documentation says %q", DetectionFloorSpec.Defaults)
	}
	for events, want := range map[int]pipeline.Severity{31: pipeline.SeverityMedium, 32: pipeline.SeverityHigh} {
		p := newPressed(2 * roomFor)
		for range events - 1 {
			p.n = 0
			p.strangers(morning, roomFor)
		}
		p.strangers(morning.Add(time.Minute), manyGivenUp)
		if got := p.told(2 * time.Minute); len(got) != 1 || got[0].Severity != want {
			t.Errorf("keys of %d events given up: got %+v, want one, %s", events, got, want)
		}
	}
}

// TestFloorIsOfOneTable shows that a few keys of each of several tables do not add up.
func TestFloorIsOfOneTable(t *testing.T) {
	p := newPressed(roomFor)
	p.strangers(morning.Add(time.Minute), manyGivenUp-1)
	if got := p.told(2 * time.Minute); len(got) != 0 {
		t.Errorf("99 sites and 99 domains given up: got %+v, want nothing", got)
	}
}

// TestFloorForgets shows that what was given up counts for twenty minutes at most, whether or not more is.
func TestFloorForgets(t *testing.T) {
	p := newPressed(2 * roomFor)
	p.strangers(morning.Add(time.Minute), manyGivenUp/2)
	p.strangers(morning.Add(11*time.Minute), manyGivenUp/2)
	if got := p.told(19 * time.Minute); len(got) != 1 {
		t.Errorf("a hundred in 19 minutes: got %+v, want one", got)
	}
	if got := p.told(25 * time.Minute); len(got) != 0 {
		t.Errorf("fifty in twenty minutes: got %+v, want nothing", got)
	}
}

// TestFloorNamesWhoMayBeMissed shows that a table which finds no place for newcomers does not speak of a floor.
func TestFloorNamesWhoMayBeMissed(t *testing.T) {
	for want, p := range map[string]window.Pressure{
		"one with fewer than 16 events an hour":                    {Lost: 200, Floor: 16},
		"any newcomer":                                             {Refused: 3},
		"any newcomer, and one with fewer than 16 events an hour,": {Lost: 200, Floor: 16, Refused: 3},
	} {
		if got := missed(p); got != want {
			t.Errorf("%+v: got %q, want %q", p, got, want)
		}
	}
}

// TestRoomForAlerts hands over the engine's signal, and one that is another's.
func TestRoomForAlerts(t *testing.T) {
	p := &pressed{DetectionFloor: NewDetectionFloor()}
	signal := pipeline.Event{Kind: pipeline.KindSignal, Time: morning, Signal: pipeline.Signal{Name: "another", Count: 7}}
	p.Observe(&signal, p)
	signal.Signal.Name = pipeline.SignalRefused
	p.Observe(&signal, p)
	if len(p.found) != 1 || p.found[0].Severity != pipeline.SeverityHigh || !strings.Contains(p.found[0].Summary, "; 7 in the last second") {
		t.Errorf("got %+v, want one finding, of the seven", p.found)
	}
}
