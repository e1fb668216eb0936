package pipeline

import "time"

// A Cursor is a place in a stream, opaque to all but its Source. It holds whatever the Source needs to
// go on exactly there, the parser's memory of a record that runs over several lines included.
type Cursor string

// A Batch is what a Source hands over at one time: events of one stream in its order, and claims that
// only a Source can make. The engine treats a Batch of n events as n Batches of one: the cut is nothing.
type Batch struct {
	Stream StreamID

	// Opened joins the stream at the engine's time; it must come with the stream's first batch of a run.
	// Lateness is read with it.
	Opened   bool
	Lateness time.Duration
	// Begin, with Opened, is the place before the batch: where the stream goes on after a restart while
	// nothing of it was applied. A Source whose streams share one carrier must set it, else what is held of a
	// new stream is lost when the carrier's own cursor is saved.
	Begin Cursor

	Events  []Event
	Skipped uint32 // lines after the last event that are no record
	Cursor  Cursor // the place after all this; empty repeats the one before

	// LostLines counts lines that are known to be lost before these events, e.g. truncated away unread: at
	// least so many. Reason says how.
	LostLines uint64

	// CaughtUp claims that at this instant, read from the clock before the read that found nothing, the
	// stream had no more to give than Events.
	CaughtUp Time

	// Lost claims that the stream can't be read; Reason says why.
	Lost   bool
	Reason string // for people, without secrets

	// Ended says that the stream brings no more.
	Ended bool

	// Release, if set, is called once when the engine has processed the batch: the Source may use the
	// buffers behind it again.
	Release func()
}
