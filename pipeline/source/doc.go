// Package source reads logs: files that end (Replay), files that are being written (Tail) and the systemd
// journal (Journald). All hand over Batches of Events; they differ in nothing that the engine could see, save
// that those which are live claim CaughtUp.
//
//	inputs ─▶ probe ─▶ chain ─▶ stream ─┐
//	                            (own reader: blocks of text, lines without copying)
//	                                    ├─▶ assembler: line ─▶ records ─▶ parse ─▶ Event ─▶ Batch
//	live file ─▶ generations ─▶ (nxadm/tail on one held inode; own reader for backlog)
//	journalctl ─▶ entries ─▶ demux: a stream for each unit ─▶ the same
//
// # Lines
//
// A line ends at "\n" or at the end of its file; a "\r" before that is not part of it, everything else
// is, NUL and invalid UTF-8 included. A line is cut at MaxLine bytes: its beginning is one line, the rest
// is dropped and counted. A line is one record, save where its envelope holds several. Seq is the number of
// the record in its stream, from 1, so that Seq says the same however the stream is cut.
//
// # Buffers
//
// Events point into blocks of text. A block is used again when every Batch that points into it was
// released and the reader has moved on. Batches may be held while others are read; each has its own
// parser arena, and the parser's memory moves on by its State.
//
// # Replay
//
// The inputs of one format whose times do not overlap are pieces of one log, whatever they are called and
// however they are packed; see chain. Each chain is one Source, with no goroutine behind it: whoever reads
// several takes the one that is furthest behind.
//
// # Tail
//
// A live file is a row of generations: files that hold what its name has stood for, oldest first. Each is
// opened by us and held open, so that renaming, unlinking or a loss of permission takes nothing away. The
// first is read: by nxadm/tail through /proc/self/fd/N, up to its end at each look and without reopening,
// or, where much is unread, by our own reader. The library turns bytes of one inode into lines; when to
// look, names, rotation and truncation are ours. It gathers a line whole, however long, so it is let at
// small pieces only; and it polls nothing, so a quiet file costs one look every 250 ms. A generation is
// left when another has taken its name, it is read to its end, and it has not grown for a while (Grace),
// because a server goes on writing into the old file until it is told to reopen. It stays open a while
// longer, and what still comes is read, too.
//
// # Texts, not files
//
// What must be read once is a text, whatever file it lies in: the log, its name after rotation, the copy
// that copytruncate made of it, the archive that was made of that. A text is known by its beginning, built
// from the lines as they were delivered. So a rotated file is read if it was last written after all that
// was read to its end (the horizon), and its text is neither held nor known; nor the one that the name holds, of
// which a copy may lie beside it before it is truncated. Archives are read by their unpacked text; the place
// in them is an offset of that. Nothing is unpacked but on resume and for a few
// looks after a rotation or truncation, and then a kilobyte of each file behind the horizon.
//
// A batch is handed over only if the file begins, after it was read, as it did before: then all of it was
// of the same text. If it does not, the batch is taken back, and the file was truncated: the rest of the
// old text is read from the copy, from the very byte, then the copies of what came and went since, then
// the file from its beginning. What is lost is what came between the copy and the truncation, or what was
// not read where there is no copy. The batch says so: LostLines when something was seen to be gone, or the
// file was being written at that moment; a Reason always, since nobody can know.
//
// # Going on
//
// A cursor names every generation by inode, birth and fingerprint, besides the horizon and a few texts
// that are known. On resume each is searched under the name, under other names, as a copy, as an archive;
// all that is younger is read after it, in order, then the live file. A stream that has no place to go on
// from may begin with its History: the rotated files that are young enough, until HistoryUntil. A Tail in
// history claims no CaughtUp.
//
// A log that Watch has found ends when no file has had its name for EndAfter; its last cursor keeps the
// number of its lines and the texts, so that it goes on there when it comes back.
//
// All of this happens within Read, so a Tail has no goroutine of its own and needs none to be stopped;
// who does not read is not read for.
//
// # Carriers
//
// A journal and a partition of a topic carry many logs in one order. A Demux parts their records into streams by
// where they come from: host and file, unit or container; where that singles out no log, by what the line holds.
// Each stream's cursor has the carrier's place up to which it was read, so a carrier is read again from the least
// of them, and each stream drops what lies before its own. The carrier has a stream of its own. It is known before
// anything is read and holds back the others, so that a log which is still to come can join in time; it brings
// losses, and lines of no log. In a backlog the order of the carrier says that a quiet stream has brought nothing
// meanwhile, so that it holds back nobody; after an hour of the carrier's time it ends.
//
// # Journal
//
// A Journald reads what journalctl exports, a child process whose pipes are read with deadlines: no goroutine
// either. Everything in the journal passes by and the units are picked here, so that a new unit needs no
// restart, the place that is kept moves on while ours are quiet, and a number that is missing is seen. The
// child begins at the entry that was read last, and says that again: when another comes first, that one is
// gone, and so are the entries between. (Asked for what is after a cursor that is gone, journalctl leaves out
// the first entry that is left.)
//
// Nothing is claimed until the newest entry there was has come, as a short second journalctl tells it: at the
// start, and from time to time after. A child that does not tell it is ended. From then on a quarter of a
// second without an entry says that there was none, and the journal being in order, an entry says that all
// before it have come. What journald itself has dropped by its rate limit is lost of the unit that it names;
// only journald can say so.
//
// # Docker
//
// Containers is a Finder, as Glob is: Watch looks again and hands over a Tail for each log that has come. A
// container's log is a file of one name, rotated by renaming; a container that is made anew has another name
// and another stream; one that is removed ends.
//
// # Docker's socket
//
// A Socket asks Docker's daemon instead, by the Engine API (docs.docker.com/reference/api/engine): GET
// /containers/json, /containers/ID/json and /containers/ID/logs, and nothing else. The socket is as good as root;
// the folder, or a proxy that lets no more than these pass, is better. A SocketLog reads one container, with no
// goroutine: its connection is read with deadlines.
//
// The daemon numbers nothing. Each message (a line, or 16 KiB of one) has a stamp, in nanoseconds, and since= asks
// for what begins with the first that is not older. So a place is the latest stamp and how many messages came from
// the first of that stamp on; the pieces of a line share a stamp, so that one may be older than what lies before it
// (Docker 23 gives it nevertheless, older ones leave it out). What was read last must come first again; when what
// comes is newer, it was thrown away by max-file, and what lay behind it as well.
//
// CaughtUp is claimed of the moment before a question for the newest message (tail=1), once that one was read. The
// end of an answer proves nothing: a container has stopped, or the daemon. A container that the daemon no longer
// knows has ended. What the daemon itself skips when a log is rotated faster than it reads is not told to anyone.
package source
