// Package checkpoint keeps what a run knows in its state directory, in one bbolt file, so that a crash at
// any moment loses nothing that anybody saw.
//
//	DIR/fedwarden.db                    the file, mode 0600
//	DIR/fedwarden.lock                  who holds the directory; the lock is the kernel's, not the file's
//	DIR/fedwarden.db.damaged-<stamp>    a file that could not be read, moved aside
//
// # One transaction
//
// Save writes streams, parts, outbox, secret and new transitions in one bbolt transaction; Ack takes
// acknowledged deliveries out of the outbox in another. A transaction is durable when the call returns,
// or it never was: bbolt writes into free pages, syncs, and only then turns over one of its two headers.
//
//	store         layout, secret
//	checkpoints   a, b: the two newest checkpoints, written in turn; each has a generation
//	                head      JSON: generation, time, secret, and name, version, size and CRC of each part
//	                0000…     streams, then the parts, compressed, in chunks of at most a quarter MiB
//	damaged       the one checkpoint that was set aside last
//	outbox        delivery → JSON. One for both checkpoints: only what has changed is written
//	history       alert id, seq → JSON of the transition
//	newest        starts_at, alert id → status, severity and time of the last transition
//	samples       time, alert id, seq of the transitions that still have lines of evidence
//
// Everything under a key is sealed: its value begins with a CRC over bucket, key and value (seal.go). The
// two checkpoints share the outbox and the history on purpose: going back to the previous checkpoint must
// neither lose a delivery that was saved nor repeat one that was acknowledged.
//
// A snapshot is never held at once: parts are written through the compressor into chunks, which live until
// the transaction ends.
//
// # What is damaged is named
//
// Load returns the newest checkpoint of which everything can be read. One that can't be read, whole or in
// part, is named in a Notice and set aside, and the previous one is used. If neither is whole, the newer
// of those that can be read in part is used, and each missing part is named; it starts empty.
//
// bbolt trusts its file: on a damaged one it panics, and may run out of stack or memory, which nothing can
// recover from. So Open first walks the file's pages itself (verify.go): headers, tree and free list, each
// page once. A file that doesn't pass is named, moved aside, and a new one begun. Whatever bbolt panics
// about after that is treated alike. A file that can't be read because the disk fails is not moved.
//
// # History
//
// Transitions are kept for 90 days, at most 10,000 episodes; their lines of evidence for 14 days. When it
// is full, ended episodes go first, oldest first. Age is wall clock against event time. A dropped line's
// page is free, and written over in time; the file never shrinks.
//
// # One process
//
// Who opens the directory to write holds a lock on fedwarden.lock, which says pid, host and since when;
// anybody else gets a HeldError that repeats it. Reading alone takes a shared lock.
package checkpoint
