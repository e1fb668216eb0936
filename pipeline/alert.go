package pipeline

// Schema is the version of the public alert.
const Schema = "fedwarden.alert.v1"

// An Alert is one transition of one firing episode, as the world is told it. Its JSON is a public
// contract: all fields are always present, unknown is null, empty is [].
type Alert struct {
	Schema      string        `json:"schema"`
	ID          string        `json:"id"`          // names the episode
	Fingerprint string        `json:"fingerprint"` // names the alert: instance, detector and entity
	Instance    *string       `json:"instance"`
	Seq         uint64        `json:"seq"` // 1 for firing, one more for each transition
	Status      Status        `json:"status"`
	Severity    Severity      `json:"severity"`
	Threat      Threat        `json:"threat"`
	Detector    string        `json:"detector"`
	Entity      AlertEntity   `json:"entity"`
	Proven      *AlertEntity  `json:"proven"`
	Related     AlertRelated  `json:"related"`
	StartsAt    Stamp         `json:"starts_at"` // whole second, never changed
	At          Stamp         `json:"at"`
	EndsAt      Stamp         `json:"ends_at"`
	Summary     string        `json:"summary"`
	Measure     Measure       `json:"measure"`
	Context     []Context     `json:"context"`
	Campaign    *string       `json:"campaign"`
	Evidence    AlertEvidence `json:"evidence"`
	Suggestions []Suggestion  `json:"suggestions"`
}

// An Entity is whom or what an alert is about.
type Entity struct {
	Type  EntityType
	Value string
}

// An EntityType is the kind of an Entity.
type EntityType string

// The entity types. Parties are those that can have done something.
const (
	EntityDomain   EntityType = "domain"
	EntitySite     EntityType = "site"
	EntityActor    EntityType = "actor"
	EntityIP       EntityType = "ip"
	EntityPrefix   EntityType = "prefix"
	EntityAccount  EntityType = "account"
	EntityJobClass EntityType = "job_class"
	EntityQueue    EntityType = "queue"
	EntityPath     EntityType = "path"
	EntityTemplate EntityType = "template"
	EntitySource   EntityType = "source"
	EntityInstance EntityType = "instance"
)

// IsName reports whether t names a remote party by a name that can be forged.
func (t EntityType) IsName() bool { return t == EntityDomain || t == EntitySite || t == EntityActor }

// IsParty reports whether t is a party, for which an attribution is given.
func (t EntityType) IsParty() bool {
	return t.IsName() || t == EntityIP || t == EntityPrefix || t == EntityAccount
}

// An AlertEntity is an Entity with how sure it is that it did it; null for what is no party.
type AlertEntity struct {
	Type        EntityType   `json:"type"`
	Value       string       `json:"value"`
	Attribution *Attribution `json:"attribution"`
}

// AlertRelated is who else is involved; lists are sorted by count, then name, and cut at 20.
type AlertRelated struct {
	Domains []string      `json:"domains"`
	Actors  []string      `json:"actors"`
	IPs     []string      `json:"ips"`
	Counts  RelatedCounts `json:"counts"`
}

// A Measure is the number that fired. Window is as people write it: "10s", "1m", "24h".
type Measure struct {
	Name      string   `json:"name"`
	Value     float64  `json:"value"`
	Expected  *float64 `json:"expected"`
	Threshold float64  `json:"threshold"`
	Window    string   `json:"window"`
	Surprise  *float64 `json:"surprise"`
}

// AlertEvidence is what stands behind an alert.
type AlertEvidence struct {
	Total   uint64        `json:"total"`
	Samples []AlertSample `json:"samples"`
}

// An AlertSample is one redacted line.
type AlertSample struct {
	Source string `json:"source"`
	Time   Stamp  `json:"time"`
	Line   string `json:"line"`
}

// A Suggestion is something a person could do; fedwarden never does it. "%s" in Text is the entity.
type Suggestion struct {
	Kind        string `json:"kind"`
	Destructive bool   `json:"destructive"`
	Undo        string `json:"undo"`
	Text        string `json:"text"`
}

// A Status is the kind of a transition.
type Status string

// The statuses.
const (
	StatusFiring   Status = "firing"
	StatusUpdated  Status = "updated"
	StatusResolved Status = "resolved"
)

// A Threat is one of the five threats, or health: fedwarden or its inputs are not well.
type Threat string

// The threats.
const (
	ThreatDoS               Threat = "dos"
	ThreatMaliciousInstance Threat = "malicious_instance"
	ThreatExploit           Threat = "exploit"
	ThreatLeak              Threat = "leak"
	ThreatTakeover          Threat = "takeover"
	ThreatHealth            Threat = "health"
)

// A Severity orders alerts: a person is notified from medium up, low goes to a digest.
type Severity uint8

// The severities.
const (
	SeverityUnknown Severity = iota
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

var severityNames = [...]string{"unknown", "low", "medium", "high", "critical"}

// String returns the severity's name.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity returns the severity of that name, or SeverityUnknown.
func ParseSeverity(name string) Severity {
	for s, n := range severityNames {
		if n == name {
			return Severity(s)
		}
	}
	return SeverityUnknown
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(b []byte) error { *s = ParseSeverity(string(b)); return nil }

// An Attribution is how sure it is that an entity did it; a higher one is surer.
type Attribution uint8

// The attributions.
const (
	AttributionNone Attribution = iota // no party
	IPOnly                             // nothing but an address
	Claimed                            // a name that anyone could have written
	Corroborated                       // a name whose address history or processed deliveries agree
	Verified                           // Rails says that the signature was checked
)

var attributionNames = [...]string{"", "ip_only", "claimed", "corroborated", "verified"}

// String returns the attribution's name.
func (a Attribution) String() string { return attributionNames[a] }

// MarshalText writes the attribution's name.
func (a Attribution) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *Attribution) UnmarshalText(b []byte) error {
	*a = AttributionNone
	for i, n := range attributionNames {
		if n == string(b) {
			*a = Attribution(i)
		}
	}
	return nil
}
