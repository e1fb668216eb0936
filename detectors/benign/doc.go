// Package benign holds the recognisers: each knows one benign explanation of what detectors find, one file each.
//
// A recogniser watches events as detectors do, and is asked about each finding before it becomes part of an alert
// (pipeline.Recogniser). It adds its context, and lowers the severity, to low at the least: what is explained
// stays in the history and in the digest. It never drops anything.
//
// # What it may not do
//
// Nobody must be able to buy silence. So each rule
//
//   - rests on what an attacker can't make cheaply: our own outage, proven names with days of history, a site's own
//     addresses, many known sites at once, a list that the operator wrote. An agent, a key id or a path proves nothing;
//   - names the detectors that it knows (names below): others are none of its business;
//   - is capped: what takes half of all deliveries, or comes faster than a small server can bear, stays at medium, and
//     critical never falls below medium (explain.go);
//   - is asked about every finding anew: an episode that outgrows its explanation is told again, at its own severity;
//   - says in its documentation what a forger gains by looking like it.
//
// Where the evidence is missing, because a log is not read or a bounded list was full, nothing is explained.
//
// # State
//
// Keys are kept by their keyed hash alone, in shelves (shelf.go) of a fixed size; so a snapshot holds no name, and is
// numbers only. All is by event time; nobody here needs a tick.
//
// Alerts about what lies in the past, told after a stop or a backlog, get the context backfill where the clock is known:
// in pipeline/runner, not here.
package benign
