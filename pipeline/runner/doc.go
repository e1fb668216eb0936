// Package runner is the loop around the engine: read, process, save, commit, deliver, stop. It knows no
// detector and no sink by name.
//
//	Source ─▶ reader ─┐                  ┌─────────── loop: one goroutine ───────────┐
//	Source ─▶ reader ─┼─ arrivals ──────▶│ Engine.Process ─▶ notify ─▶ outbox ─▶ save│
//	Source ─▶ reader ─┘◀─ credits ───────└─────┬──────────────────────────┬──────────┘
//	                                           └─▶ commit cursors         └─▶ release
//	Sink ◀─ deliverer ◀─┐                                                     │
//	Sink ◀─ deliverer ◀─┴─────────────────── outbox ◀─────────────────────────┘
//
// # Order
//
// The loop keeps the order contract of pipeline.Checkpoint: process, save, commit and deliver. A delivery
// enters the outbox unreleased; a deliverer sees it when the checkpoint that holds it is durable. Cursors
// are committed after that too.
//
// # When it saves (cadence.go)
//
// A new transition asks for a save at once; otherwise there is one every SaveEvery. Saves are at least a
// second, and ten times the last save's duration, apart, from the end of one to the beginning of the next,
// failed ones included. The last one, when stopping, waits for nothing.
//
// A save that fails is tried again at the same cadence and logged once for each different error. Alerts
// wait: what is not saved is not delivered. Reading goes on, so that detection does, until maxUnsaved
// transitions wait; then no credit is given, and lines wait in their files, where nothing is lost.
//
// # Reading (reader.go)
//
// One goroutine for each Source reads a batch for each credit it has. There are two credits for each, so
// that one batch is read while another is processed. The loop keeps back the credit of a Source all of
// whose streams are ahead. When events are held, the sources of the streams that hold them back are told
// that it is urgent, if they can hear it. An error of a Source is logged and Read called again, later each
// time; after a minute of nothing but errors its streams are claimed Lost.
//
// # Delivering (outbox.go, queue.go, deliver.go)
//
// One goroutine for each Sink tries what is due, oldest first, one at a time, each attempt within 30 s. After
// a failure the delivery is due again after 5 s, 10 s, 20 s, … at most 5 min, give or take a fifth, or when
// the sink said; and the sink is left alone as long, so that a dead one is not hammered. (The example
// schedule of Standard Webhooks goes to hours. But an alert is worth most in its first minutes, and one
// request in five minutes burdens nobody.)
//
//	delivered                     leaves the outbox
//	refused for good              leaves the outbox, logged and counted; the history has it
//	failed for a day              likewise
//	failed, and a newer           leaves the outbox: a receiver gets the state as it is, at worst one
//	transition is there           `resolved`
//	more than 10,000 in a queue   the oldest `resolved` goes, then the oldest `updated`, then `firing`
//
// What leaves is taken out of the store in a small transaction of its own, at most one a second; a crash
// before that repeats the delivery under the same id.
//
// # Stopping (stop.go)
//
// When the context ends, or all sources have: reading stops, the batch at hand is finished, the state saved,
// cursors committed, and what is due delivered within Grace. What then is not delivered stays in the outbox.
//
// # Yielding (yield.go)
//
// A run that yields to another with a new configuration saves first, between two batches. Only when that
// has succeeded does it stop, and it processes nothing in between; so it never has to choose between losing
// state and going on: if the save fails, it goes on. What is being sent just then has two seconds; after
// that the next run sends it again, under the same id.
//
// # Replay
//
// Replay is the same without goroutines, clock, sinks and store: it reads the stream that holds the others
// back until all have ended.
package runner
