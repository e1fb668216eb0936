// Package pipeline is the vocabulary of fedwarden and the contracts between its parts. It holds no
// logic beyond spelling: whoever wants to know what an Event, a Finding or an Alert is, and what must
// hold between a Source, the engine and a Sink, reads it here.
//
//	file tail ─┐                ┌────────────── runner: one loop ────────────────────────┐        ┌─ slack
//	docker    ─┤                │                                                        │        │
//	journald  ─┼──── Batch ────▶│ Engine.Process ─▶ alerts ─▶ notify ─▶ outbox ─▶ save   │─ due ─▶├─ webhook
//	kafka     ─┤   (bounded)    │        ▲                                     │         │        └─ file, stdout
//	replay    ─┘                │     restore ◀──────── Checkpoint ◀───────────┘         │◀─ ack ─┘
//	                            └─────────────── commit cursors ◀────────────────────────┘
//
// # The shape
//
// A pure, synchronous core inside; goroutines only at the rim. The engine (pipeline/engine) takes
// Batches and returns Alerts; it knows no clock, goroutine, file or socket, and all it knows is in its
// snapshot. Live files, Kafka and replay differ in the Source alone.
//
// # Time
//
// Detectors see event time only, never going backwards. Within a stream its own order stands: an event
// up to the stream's lateness older than the newest before it is applied at that one's time; an older
// one is late: counted, not applied. Streams merge by (that time, Stream, Seq). Only a Source reads the
// wall clock, to claim CaughtUp. Advance(t) runs on every detector, in registration order, once per
// whole second of event time, before the first event at or after t.
//
// # The five laws
//
// How the input is cut into batches, how streams interleave, redundant time claims, snapshot and
// restore at any point, and the scheduler change no alert. detectors/laws_test.go holds every
// registered detector to them, all together.
//
// # Who may import whom
//
// Everyone may import pipeline, which imports none of ours. Siblings do not know each other, save
// source → parse, runner → engine and notify, identity → window, detectors/* → window,
// detectors → detectors/*. Only cmd/fedwarden imports implementations. arch_test.go holds the rules and
// their reasons.
package pipeline
