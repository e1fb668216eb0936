// Command fedwarden watches a Mastodon server's logs and tells people which remote server, account or
// network does what, how sure that is, and what could be done about it. It never acts by itself.
//
// It is the only place that sees everything: main.go has the table of subcommands, one file each;
// config.go says what can be configured, decode.go reads it and names every mistake at once, wire.go makes
// sources, engine and sinks of it. Everything else is in the packages.
//
// run is a service (service.go): the state directory, the listeners and the metrics, which live as long as
// the process, and one session after another (session.go), each a configuration in effect. SIGHUP prepares
// the next one beside the one that runs; when nothing in it can be refused any more, that one saves and
// yields, and the next goes on from the checkpoint (reload.go). systemd is told how it stands (systemd.go);
// the sign of life is a round of the loop, and nothing else.
package main
