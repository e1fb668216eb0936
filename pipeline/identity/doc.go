// Package identity says who is behind an event, and how sure that is. It is pure: what it knows comes from
// events in time order, and is in its snapshot.
//
// # Names
//
// A name in a log is the host of a signature's key id, else the host that the user agent claims. It is
// brought into canonical form (host.go): IDNA ASCII, lower case, no port, no trailing dot, at most 253
// bytes; an address, a single label or hostile text is no name. Its Site is the registrable domain by the
// public suffix list, private section on, and a hoster that the list lacks (site.go). Its Actor, from the key id only, is a URL or an acct
// name (actor.go). A cache of bounded size (cache.go) makes a known host one map look-up; it changes no
// result and is no part of the snapshot.
//
// # Levels
//
// Anyone can write any name into a user agent or key id, and the inbox answers 202 to a forged Delete of
// an unknown actor without looking at its signature. So a name is claimed, unless
//
//   - Rails says that the signature was checked (verified);
//   - the event came from an address with a history under that name (corroborated, history.go);
//   - Rails' stock log, which has no addresses, agrees in number with such events in nginx' (corroborated,
//     tally.go).
//
// Only the first outlives a refusal: an answer of 400, 401, 403 or 503, or anything but 2xx to a delivery,
// leaves a name claimed. Where Rails says that the signature failed, nothing is corroborated.
//
// A finding whose events are each but claimed may yet be corroborated as a whole, by the jobs that they made
// (match.go).
//
// # Agent and key
//
// Where key and agent name two sites, neither is corroborated, unless the agent's site is an alias of the key's
// (alias.go): of a server whose web domain is not its local one, of a relay, of a bridge. An alias is learned
// from what came, in seven periods of 24 h and 50 times at least, from an address that corroborates the key's
// site by itself, or was verified by Rails in a line that has an agent. So who can't send from the victim's
// address can't make his agent the victim's alias, however often he writes the two side by side.
//
// A relay signs with its own key what others wrote. It needs no rule here: key and agent are its own, its
// address gets a history as any, and it is named as itself. That its deliveries are of many authors is a
// matter for who explains findings.
//
// # Address history
//
// A site's history is that of its accepted deliveries by address: IPv4 /32, IPv6 /64. The first address
// under a name enters; any later one is a newcomer, noted in the order of arrival, and no newcomer enters
// while an address in the history has been seen in the last 30 days, however patient it is, save by a
// delivery that Rails verified in a line that bears an address. When all of the history has been silent
// for 30 days it is forgotten, and the oldest newcomer that is still seen enters with an empty history: a peer
// that moved is known again a month later, before whoever came after it. What newcomers do is not
// counted in hours seen, so that they can't dilute an honest address' share either.
//
// An address corroborates once it was seen in three periods of 24 h since it entered, with 50 deliveries,
// and is among those that carried 95 % of the site's distinct hours: the least active ones, as far as
// their hours together make no more than 5 % of the site's, are left out. Only hours that are over count:
// every bit of history is older than the evidence by up to an hour at least, and a burst can't corroborate itself.
//
// # What a forger can still do
//
//   - A name that nobody but the forger has ever used here is the forger's, for as long as he keeps using
//     it; likewise one whose owner has been silent here for 30 days. Verified deliveries only help there.
//   - Who sends through the victim's own address is the victim, as far as a log can tell. Addresses that
//     are nobody's own (private, loopback, shared by a carrier) have no history; those of a CDN whose
//     client addresses were not configured look like anybody's: a public address that stands for more than
//     MaxShared sites is not believed for any.
//   - In a stock Rails log, which has neither addresses nor verdicts, a few forged deliveries among many honest
//     ones look alike. tally.go bounds them to eight at once, and four in each hour after: fewer than any
//     detector's floor.
//   - The peer that is attacked in his name while 90 % of the very evidence is his own is named for it, for that
//     much of it he did.
//   - Who makes 2xx answers that leave no job (forged Deletes) in the seconds of an honest flood, or any POST at
//     all, keeps job matching from proving it: names stay claimed.
//   - nginx writes a request's line when its answer has left, and who does not read the answer holds the line back, while
//     its job has long begun. A name from nginx' log could be framed thus: his own deliveries would lend their
//     jobs to forged ones. So jobs prove only what Rails tells, which writes its line before the answer.
//
// # New addresses
//
// An address enters a living history by deliveries that Rails verified (history.go, entry.go): in a line that bears an
// address, or, where nginx logs key ids, by number. Of a day's lines in nginx with the site's key at most as many
// are forged as Rails has that it did not verify, and as the two logs differ by; what an address brought beyond that was
// verified. It must be 20 lines, and nine tenths of what it brought. (Who reads nginx' log of one front end and Rails' of
// another only must not log key ids.) Without key ids in nginx that is not sound: a forger would write the victim's agent beside a key of his own, and be counted as the victim's. Neither
// is job matching used for it: it speaks of Rails' lines, which have no address.
//
// # Unknown actors' Deletes
//
// A Delete by an actor unknown here is answered 202 and nobody has looked at its signature. Rails' verified= says "no" of it:
// then it teaches nothing. Else a line in nginx alone can't tell it from a delivery. From an address of the history it
// counts as one, for it came from there; from any other it makes no more than a newcomer that does not enter; it never
// makes an alias; of Rails' tally it raises the excess, which is against the name; and in job matching it
// is a POST without a job. That a first address enters with whatever it sends is the first of the ways above.
//
// # Bounds
//
// At most MaxSites sites, 16 addresses and 4 aliases each. When the table is full, a new site takes the place of that with
// the fewest hours seen, then the oldest, among the next 32 unprotected ones that a hand sweeps over; sites
// with three days of history are protected while seen in the last 30 days, up to 70 % of the table. Nothing is ever replaced for
// being least recently used, so what an attacker invents pushes out what an attacker invented.
//
// Job matching takes what its traffic takes, up to 7 MB: 65,536 deliveries of the last quarter of an hour, and filters of
// the job ids of three hours. It begins with the first line of a job.
//
// All is by absolute hours, minutes and seconds of event time and closed when an event comes that needs it, so ticks
// may be skipped.
package identity
