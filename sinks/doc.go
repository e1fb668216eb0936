// Package sinks tells the world what fedwarden found. A sink takes one transition of one alert and
// delivers it to one destination; it decides nothing: whether an alert is told, to whom, and when it is
// tried again is settled before.
//
//	            ┌─ text ───▶ stdout (people)
//	pipeline.  ─┤
//	Alert       ├─ json ───▶ stdout, file, webhook (machines)
//	            └─ blocks ─▶ slack (people)
//
// # What people read
//
// Every string of an alert may have been written by an attacker. Whatever a person reads goes through
// three steps, in this order:
//
//	clean    control characters, escape sequences, bidirectional and invisible characters are removed,
//	         broken UTF-8 is replaced, the length is bounded at a rune's border      (escape.go)
//	defang   names of hosts and URLs lose what makes them a link: hxxps://spam[.]example; the name of
//	         the own instance keeps it                                               (defang.go)
//	escape   what the destination would read as markup is written so that it doesn't (escape.go)
//
// Addresses stay whole inside code and on a terminal, since people copy them into firewalls; elsewhere
// they are bracketed too. What machines read is never defanged: it is the alert, as the public contract
// has it.
//
// A style (style.go) is these steps for one destination. The words about an alert (words.go) are written
// once and take a style.
//
// # Delivery
//
// Send returns nil when the destination has taken the alert, a pipeline.PermanentError when it never
// will, and any other error to be asked again, a pipeline.RetryAfterError if the destination said when.
// retry.go holds that table for everything that speaks HTTP:
//
//	2xx                                    taken
//	400 401 403 404 410 413 422            never
//	everything else, 3xx included          again; redirects are never followed
//	no answer, refused, timed out          again
//
// endpoint.go is the one way out to the network: one deadline for the whole exchange, no redirects,
// a bounded part of the answer read, and no connection to the link-local addresses at which clouds hand
// out credentials.
//
// # Secrets
//
// The address of a Slack webhook is a password, and so may be any part of a webhook's URL. A Secret
// prints as <secret> however it is printed; errors name the host alone, and what a library or the
// destination itself put into a text is scrubbed of the URL and its parts before anybody sees it.
package sinks
