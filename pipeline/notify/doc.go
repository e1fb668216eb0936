// Package notify decides which sink is told of which transition, and when. It is a pure state machine:
// alerts and the engine's time in, deliveries out; no clock, no goroutine, and all it knows is in its
// snapshot, byte-stable.
//
//	alerts ─▶ history ─▶ campaigns ─▶ routes ─▶ deliveries
//
// # History
//
// What lies in the past when a server first runs fedwarden teaches and is not told. Until engine time
// passes HistoryUntil, the wall clock at the very first start, the latest transition of each open episode
// is held. An episode that ends before that is dropped here; the checkpoint's history has it. What is
// still open when time passes is told then, once, as it stands.
//
// # Campaigns
//
// The engine folds episodes of one cause into a campaign (see its doc.go), which carries the notification.
// What bears its id is delivered to nobody, be it `firing` or `updated`; only who was told of an episode before it became
// a member is told of its `resolved`. A member that is still open when history passes, and whose campaign is not, is told as its own
// from then on. The checkpoint's history has all.
//
// # Routes
//
// A sink is told of an episode from the first transition that has its least severity, be it `firing` or
// an `updated` that rises; and of everything about that episode after that, `resolved` included. So nobody
// learns of the end of what they never heard of, nor waits for the end of what they did.
//
// # What is not here
//
// Later stages stand between history and routes, in this order, each with its own part of the snapshot:
//
//	silences   what a person does not want to hear, by fingerprint, until a time
//	inhibit    a larger alert that says it all: a domain's, of its addresses
//	budget     20 messages in 10 minutes of event time for each sink at medium and above, critical apart,
//	           so that it is never starved; how many were suppressed is said by the next message
//	digest     what is low, once a day
//
// A budget needs a message that is no transition of an episode, and a place in the alert for the number
// that was suppressed; neither is in the public contract yet, so there is none. What bounds messages until
// then is that an episode is told at most a handful of times, and the limits of the outbox.
package notify
