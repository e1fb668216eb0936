package pipeline

import "net/netip"

// A Finding is a fact with an expiry: for Key, a detector's condition held at At and holds until Until
// unless stated again. One tracker in the engine turns Findings into Alerts.
type Finding struct {
	Detector string // set by the engine
	At       Time   // set by the engine
	Digits   uint8  // set by the engine: decimals of At

	Key      Entity // whom it concerns, as claimed or proven; the tracker decides who is named
	Until    Time   // when the condition is false if no event comes; later than At
	Since    Time   // the first event of the evidence
	Severity Severity
	Measure  Measure
	Summary  string // one line, with the name of Key as "%s": the tracker puts in who is named
	Context  []Context
	Related  Related
	Evidence Proof
	Suggest  []Suggestion
	// Members are the entities whose own alerts have the cause that f tells of: while f's episode is open theirs
	// are part of its campaign, and it carries the notification for them. Only what is no party, the instance or a
	// template, or a network may have members.
	Members   []Entity
	Resolving bool // the fact ended: the condition is false from At on; a Summary is what is told when the episode ends
}

// A Proof is what stands behind a Finding: enough to say who did it, and to show it.
type Proof struct {
	// Window is how many events stand behind the finding, all of the one Part.
	Window uint64
	// Seen counts the key's events of this kind since the key is known; the difference of two findings'
	// Seen is how many events lie between them.
	Seen uint64
	// Part is the least attribution that each event behind the finding has for Key: a detector judges
	// the proven events of a key and the merely claimed ones apart, so that forged events can't borrow
	// an honest peer's proof, nor an honest peer's traffic a forger's.
	Part Attribution
	// Deliveries is how many of the events are deliveries in Key's name, each as Rails tells it and counted once:
	// what the jobs that they made may prove. Zero where nginx told of any, or it is not known.
	Deliveries uint64
	// Addresses are where the evidence came from, most first; their counts may be low, never high.
	Addresses []Share
	// Samples are redacted lines, oldest first, at most three.
	Samples []Sample
	// Refuted says that Rails' verified= contradicts most of the evidence for Key: whatever was proven
	// before, Key did not do it. It ends the episode under that name; the evidence fires at once again
	// under the entity that remains.
	Refuted bool
}

// A Share is an address and how many events of the evidence it carried.
type Share struct {
	Addr  netip.Addr
	Count uint64
}

// A Sample is one line of evidence, redacted.
type Sample struct {
	Source Format
	At     Stamp
	Line   string
}

// A Related is a list of who else is involved, with true totals.
type Related struct {
	Domains []string
	Actors  []string
	IPs     []string
	Counts  RelatedCounts
}

// RelatedCounts are the true totals behind the lists of a Related.
type RelatedCounts struct {
	Domains uint64 `json:"domains"`
	Actors  uint64 `json:"actors"`
	IPs     uint64 `json:"ips"`
}

// A Context is a benign explanation that was recognised.
type Context string

// The contexts.
const (
	ContextRecovery    Context = "recovery"
	ContextRelay       Context = "relay"
	ContextViral       Context = "viral"
	ContextDeleteStorm Context = "delete_storm"
	ContextAccountMove Context = "account_move"
	ContextBackfill    Context = "backfill"
	ContextCrawler     Context = "crawler"
	ContextKeyRotation Context = "key_rotation"
	ContextRollout     Context = "rollout"
	ContextMaintenance Context = "maintenance"
	ContextLearning    Context = "learning"
)
