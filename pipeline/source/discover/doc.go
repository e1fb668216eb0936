// Package discover finds the logs of a Mastodon server on this machine: nginx's by its configuration, files of
// Rails and Sidekiq by their content, units in the journal and containers of Docker. It reads, changes nothing, and
// says what it could not read and what mends that.
//
//	root ─▶ nginx.conf ─▶ files ─┐
//	     ─▶ usual places ────────┼─▶ sample of each file's end ─▶ Found: what to read, problems, warnings
//	     ─▶ journalctl, Docker ──┘
//
// # Root
//
// Every path is looked up below a root, symbolic links included, so that a container may look at its host's files.
// The paths of a Found are those to open, with the root before them.
//
// # nginx
//
// The configuration is read as nginx reads it: its words, quotes, comments and blocks, includes where they stand.
// Anything odd ends the reading of that file and is a Problem; files, directives and depth are bounded. A block with
// an access_log of its own does not use that of the block around it; where a block writes several files, each request
// stands in all of them, so that one is chosen: the one that tells most.
//
// # Trust
//
// The configuration is the administrator's, the logs are strangers'. Of a log nothing is told but counts, times and
// addresses.
package discover
