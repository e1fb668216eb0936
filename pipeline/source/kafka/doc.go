// Package kafka reads logs that shippers have put on Kafka topics: raw lines, or lines in any envelope
// that pipeline/parse opens. It is a package of its own so that its dependency, segmentio/kafka-go, stays
// out of pipeline/source.
//
//	topics, globs ─▶ metadata ─▶ one Source per partition ─▶ Client.Fetch ─▶ envelope ─▶ source.Demux ─▶ Batch
//	                    ▲ every 5 s             ▲ may it?
//	                    └──────── Group ────────┴── member of the consumer group ─▶ informative commits
//
// # Places
//
// A place is the offset of the next record, as decimal text. The checkpoint's place is the only start; what
// the group has committed is for Kafka's own tools to show. A partition without a place starts as Start
// says; one that appeared later than its siblings starts at its beginning, because all that is in it is new.
//
// An offset alone does not say which log it belongs to: a topic that was deleted and made anew counts from
// 0 again. When a place lies beyond the end of the log, the log is another one: it is read from its
// beginning, and places get a prefix that orders them behind those of the log before ("1@0"). A new log that
// has already grown beyond the place can't be told from the old one.
//
// # Reading
//
// Each partition has its own Source, because the runner reads each Source by itself: a partition that is
// ahead waits in the broker and holds back nobody. Client.Fetch is used, not a Reader. It is faster, and
// each answer tells the high watermark, the start of the log and its own error: so CaughtUp is exact (all
// up to the high watermark of a fetch that began at t was added: nothing older than t is left), and an
// offset that retention has removed is seen at once, counted as lost and said. A gap within the log is no
// loss: compaction and transactions make them.
//
// A fetch waits at most half a second for records (half of that while others wait for our claims), takes 1 MB,
// and is given up after 30 s without an answer; a new connection is made then. Every error is returned by Read:
// the runner logs each different one, waits longer each time, and claims the partition Lost after a minute of
// nothing else. The next Read tries again.
//
// No record blocks its partition. Records without a value are counted and skipped. What is larger than 1
// MiB, and what can't be read, becomes a rejected line of the carrier's stream. A batch that can't be decoded
// at all is tried a few times, then stepped over offset by offset, and every offset counts as lost.
//
// # The group
//
// Shippers write without keys, as a rule, so that each member of a group would see a part of each domain's
// traffic, and no threshold would mean what it says. So one deployment reads all partitions. Members state
// who they are (Config.Identity, which stands for one state directory) and whether they read already; the
// leader gives everything to one identity, the one that reads. Of its members the newest gets it: the others
// are what is left of earlier processes. A member of another identity gets nothing, and refuses: Refused
// says who holds the group.
//
// Whoever has a place starts at once; a fresh state waits for the verdict. Reading does not stop when a
// generation of the group ends: membership decides who reads, not when. kafka-go's own watch for new
// partitions stays off: for a topic that is gone it rejoins without a pause. Our look does it, every 5 s: within
// a stream's lateness, so that what a new partition brings first is not late. The Transport answers it from its
// own copy of the metadata; it costs no request.
//
// # Connections
//
// One function dials for all of kafka-go, with TLS: there is one place to configure, each error names the
// broker and the step, and Close can end whatever hangs. The Transport is our own, because the shared one
// never ends its goroutines.
package kafka
