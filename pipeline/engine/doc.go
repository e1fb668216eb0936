// Package engine is the pure core of fedwarden: batches of events in, alerts out. It has no goroutine,
// clock, randomness, I/O or logger; the same batches give the same alerts on every machine, whether they
// come from live files, Kafka or a replay. All that it knows, save the events it holds back, is in its
// snapshot.
//
// # From a batch to an alert
//
//	Batch ─▶ judge (stream.go, judge.go)   each event gets its time, by its own stream's watermark alone
//	      ─▶ merge (queue.go, merge.go)    by (time, stream, order in the stream); the rest is held
//	      ─▶ apply (apply.go, tick.go)     ticks, identity, detectors; their findings and signals
//	      ─▶ tracker (tracker.go, …)       findings become episodes, episodes tell alerts
//
// # The time of an event
//
// A stream's watermark is its newest time, or a claim CaughtUp t minus its lateness, whichever is later:
// the stream's next item is at or after it. An event stamped s, with watermark m and lateness l, is
//
//	s ≥ m        applied at s, and the watermark becomes s
//	m − l ≤ s    applied at m: within a stream its own order stands
//	s < m − l    late: counted, not applied; in its place goes the fact StreamLate, at m
//
// A line that could not be read, and an event without a stamp, has its stream's watermark as time. While
// a stream has no watermark at all, these wait for it (the first 1024; the rest is counted only).
// All facts about a stream (it opened, ended, was lost, …) are items of it, at its watermark: they take
// effect in its own order. Judging depends on the stream's own sequence alone, never on other streams,
// which is why neither the cut into batches nor the interleaving of streams can change it.
//
// A leap: a stamp more than MaxLeap (1 h) after a known watermark is not believed alone. The event
// waits, undecided, for the stream's next stamp n, and until then does not move the watermark:
//
//	n ≥ its stamp − lateness     it is confirmed: both are applied (n may be a leap of its own)
//	n below that                 it is refuted: StreamLeap, counted late; n is judged afresh
//	CaughtUp ≥ stamp − lateness  it is confirmed: the clock is there too
//	Ended                        it is confirmed if it leaps no more than a day: a quiet night, no bad stamp
//	Lost                         it is refuted
//
// So of two stamps far ahead which disagree the lower is believed, and a quiet night followed by two
// lines is no loss. Lines without a stamp wait behind it, at most 64, then it is refuted.
//
// A rebase: when 64 events in a row are late, all read after a CaughtUp since the stream joined, the
// stream's clock is behind. From then on stamps are shifted by (watermark + lateness − the last of those
// stamps): by as much as the clock of the last claim was after the stamp. The fact StreamRebased tells
// the shift. It ends, with another StreamRebased of zero, with the first unshifted stamp that is in time
// and no more than the lateness (30 s at most) and 10 s after the watermark.
//
// A clock that is ahead: a claim CaughtUp t more than a minute older than the stream's newest stamp shows
// that the stream's clock is ahead of its source's. The stream is rebased so that the newest stamp is
// at t; events of it that are held with stamps after t + 1 min are moved alike. Without this, a log
// written in a zone east of UTC would be held for hours.
//
// # The merge
//
// An item at (t, A) is applied once no joined stream can bring anything before it: for each other stream
// its first held item, or its watermark if nothing of it is held, is after (t, A). A stream joins with
// Opened, at the engine's time, or with Expect, before it has said anything. It holds back the others
// until it ends or is Lost. What a lost stream brings is late until its next CaughtUp, when it joins
// again, at the engine's time.
//
// What can be applied at once is applied from the batch, without a copy; what is held is cloned, strings
// and all, and counted in bytes. Above an eighth of Memory, Ahead says of streams with held events that
// they must not be read on.
//
// # Ticks
//
// Advance(T) runs for each whole second T before the first item at or after T, and as soon as all
// watermarks are at T; identity first, then detectors in the order of registration. The first tick is
// the second of the first item. Then the signals of that second, equal ones added up, are delivered
// sorted to the instance detectors, and the tracker lets episodes end. Seconds in which nothing is due
// are skipped; EveryTick, a switch for tests, skips none, and nothing may change.
//
// # What is saved
//
// A stream's mark, and its part of the snapshot, are those after its last applied item. Held events are
// in no snapshot: they are always the tail of what was read, so the source reads them again from the
// mark's cursor, and events up to the mark's Seq are dropped, counted nowhere. Since Lines of an event
// and Skipped of a batch are counted with what they belong to, all counts stay exact across a restart.
//
// # Episodes
//
// The tracker keeps one episode per (detector, named entity). Who is named is judged once, when the
// episode fires, as entity.go says; a fact (detector, key, part) stays with the episode it fired. An
// episode ends at the first whole second at which all its facts have been false for the quiet time;
// that second is at and ends_at of resolved. An episode that is refuted ends at the finding that says so.
//
// The end of each episode is remembered for 25 hours, by fingerprint, at most 65,536 of them, so that the
// next one starts in a later second and gets another id. No episode starts more than 25 h before
// it fires. What is forgotten early, because the memory is full, is remembered as one second for all:
// an episode that is not remembered starts after it.
//
// At most 10,000 episodes are open. Low severity is admitted up to a half of that, medium to three
// quarters, high to nine tenths: a flood of small alerts can't keep a critical one out. What is not
// admitted is counted, and the next tick tells the instance detectors how many there were (SignalRefused). What is
// about fedwarden itself has 100 places more, so that this can be told.
//
// # Campaigns
//
// Episodes of one cause are one message. One of them, the campaign, carries the notification; the others, its
// members, have its id as their campaign: from firing on, or by an updated if they fired before. There are two kinds.
//
// Listed (campaign.go): a detector says whose episodes have the cause that its finding tells of (Finding.Members).
// While that episode is open, those of other detectors are members if their entity or proven name is listed, or
// the host or the registrable domain of either. What is merely claimed makes nobody a member. A campaign lists 4,096 entities
// at most, all together 65,536; who comes after is told as its own. Only what is no party, or a network, may
// list; what a named party lists is ignored.
//
// Grouped (group.go): the tracker sees it. When an episode becomes medium or worse, those of its detector are counted
// that became so in the ten minutes before, are open, and have no campaign:
//
//	3 addresses of one /24 or /48            a campaign on that prefix
//	3 hosts of one registrable domain        a campaign on that site: a host is named when it is proven, and so is the site
//	5 of whatever                            a campaign on the instance; a campaign on a prefix or site counts as one
//
// Actors of one server are no group of their own: it is not named for what some of its users do. What joins a
// campaign on a prefix or site does so while that is open; and if the detector itself has an alert on that prefix or
// site, that is the campaign of all of its alerts below. Minutes are a weak bond: a campaign on the
// instance takes who comes within ten minutes of the last that joined, and is no worse than it; what is worse
// is told alone, until there are five. A grouped campaign ends with its last member, and its own facts if it has any.
//
// Nothing is hushed: a campaign is at least as severe as each of its members; it rises with them, by an updated
// of its own. If it ends before its members, they keep its id and end in silence; one that rises
// above what it was told at leaves it, and is told itself. Of two campaigns that list an episode, the one that
// became a campaign first has it. A campaign is never a member of another; what is about fedwarden itself is
// neither grouped nor a member.
package engine
