package pipeline

import "io"

// A Checkpoint is all that a run knows, as one durable record. The order is:
//
//	process → save → commit and deliver.
//
// No Sink sees an Alert, and no origin a committed Cursor, before the Checkpoint that holds the alert (in
// Outbox), the state (in Parts) and the cursors (in Streams) is durable. What was never saved was never
// seen, so a re-run after a crash may differ freely; what was seen is repeated from the saved outbox
// under the same id.
type Checkpoint struct {
	// Streams are the places to go on from, one for each stream since it was first seen.
	Streams []StreamMark
	// Parts are the snapshots of the engine, its detectors, identity and notify, each by itself, so that
	// one which can't be read starts empty and says so.
	Parts []Part
	// Outbox holds the deliveries that no sink has acknowledged yet.
	Outbox []Delivery
	// Transitions are the alerts that happened since the checkpoint before; the store keeps them as history.
	Transitions []Alert
	// Secret is the key of persisted hashes and pseudonyms.
	Secret Secret
}

// A Secret keys the hashes that are persisted, and the pseudonyms of local accounts.
type Secret [16]byte

// A StreamMark is how far a stream's lines have been applied, and the count of what they were. Lines is
// always Events + Skipped + Rejected + Late.
type StreamMark struct {
	Stream   StreamID `json:"stream"`
	Cursor   Cursor   `json:"cursor"`  // where to go on reading
	From     uint64   `json:"from"`    // Seq of the last event before Cursor
	Seq      uint64   `json:"seq"`     // events up to this one are applied: after Cursor they are dropped
	Lines    uint64   `json:"lines"`   // read and applied
	Events   uint64   `json:"events"`  // understood and applied
	Skipped  uint64   `json:"skipped"` // lines that are no record
	Rejected uint64   `json:"rejected"`
	Late     uint64   `json:"late"`
	Lost     uint64   `json:"lost"` // known to be lost
	Last     Time     `json:"last"` // time of its last event
}

// A Part is one named, versioned piece of state.
type Part struct {
	Name    string
	Version uint32 // of the layout; another version is not read
	// Write streams the snapshot; set when saving.
	Write func(w io.Writer) error
	// Data is the snapshot; set when loading.
	Data []byte
}

// A Delivery is an alert on its way to one sink.
type Delivery struct {
	ID       uint64 `json:"id"` // rising in the order of creation
	Sink     string `json:"sink"`
	Alert    Alert  `json:"alert"`
	Attempts int    `json:"attempts"`
	Due      Time   `json:"due"`     // wall clock; zero is at once
	Created  Time   `json:"created"` // wall clock
}
