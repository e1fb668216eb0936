// Command fedwarden watches a Mastodon server's logs and tells people which remote server, account or
// network does what, how sure that is, and what could be done about it. It never acts by itself.
//
// It is the only place that sees everything: main.go has the table of subcommands, one file each;
// config.go says what can be configured, decode.go reads it and names every mistake at once, wire.go makes
// sources, engine and sinks of it. Everything else is in the packages.
package main
