// Package simulate makes up a Mastodon server's life, and writes the logs that it leaves: nginx', Rails' and Sidekiq's.
// It exists so that detection can be judged on traffic of which the truth is known. It imports nothing of ours and
// shares no constant with a detector: it knows what servers, people and attackers do, not what is looked for.
//
// # One world
//
// A run is one discrete-event simulation: a heap of events of value (heap.go), a virtual clock in microseconds, and a
// seed. Everything a log says happened in the world, for a cause in the world:
//
//	a peer's arrival ─▶ request ─▶ puma thread ─▶ Rails' line ─▶ nginx' line (at its end)
//	                                    │202
//	                                    ▼
//	                     ActivityPub::ProcessingWorker ─▶ distribution, notifications, fetches
//	a local user's post ─▶ request ─▶ … ─▶ DistributionWorker ─▶ DeliveryWorkers ─▶ the peers fetch media, boost, retry
//
// Threads are counted (pool.go): when Puma's or Sidekiq's are all busy, work waits; when the server is half full all
// work slows down; a sender that has waited for its patience hangs up (499) and comes again; what the backlog can't
// hold is answered 502. So a flood is felt by everybody, as it is in life.
//
// # Chance
//
// Every peer, user, visitor and scenario has a stream of random numbers of its own, and each request and job one that
// is drawn from its cause's. So what one adds changes no draw of another: a scenario moves others only by load. What a
// line's text needs beyond that (request ids, job ids) is hashed from its cause, so that writing a log draws nothing,
// and what is simulated does not depend on which logs are written.
//
// # Two families
//
// The parameters come in two families (family.go) that differ in shape, not in numbers alone. In "lognormal" rates are
// log-normal, arrivals are Poisson with gamma-distributed intensity, and servers have an address or two for good. In
// "pareto" rates have a Pareto tail, servers are on and off, threads cascade from peer to peer, sessions have heavy
// tails, and addresses are shared and change. Tune on one, score on the other.
//
// # Scenarios
//
// Attacks and weird days are scenarios (scenario.go): functions that call the World's primitives (world.go), at times
// that a Plan says. Each stands in the table of the file that plays it, attack_*.go or weird_*.go. What they did stands in
// truth.jsonl (truth.go), which detection never reads: it is written by what a scenario really sent, not by its plan
// (played.go). Whose server, key and address is used is an attacker; whose name is only written is forged, or invented.
//
// Obvious is what anybody sees who looks, moderate what a careful administrator finds within the hour, stealthy what
// only counting finds. Numbers come from reported incidents where there are any; each table says which, and what is
// assumed. Season (plan.go) plans a bench run: six seeds in a row have each weird scenario once, and each attack at each
// intensity two or three times.
//
// # What is assumed
//
// Formats, statuses, retries, timeouts, limits and job classes follow Mastodon's source, nginx' and Sidekiq's, and
// captured lines. No public measurement is known of a whole server's traffic by peer. So rates, mixes, latencies and
// shares are assumptions, stated where they stand (family.go first of all), and Marginals shows what comes of them,
// beside what is expected and by which reason. A small server, of 3,000 known peers and 200 people, gets some 28,000
// deliveries a day, from a third of the peers; with what people, readers, crawlers and the internet's noise add, nginx
// writes 50,000 lines, and Sidekiq three times as many. A medium one, of 20,000 peers, writes eight times that.
//
// What is not here: Puma's and Sidekiq's own words when they start, paperclip's, warnings; nginx' error log; a proxy
// before nginx. The database is a factor on all latencies, not a thing that can be waited for. Peers do not feel our
// answers beyond coming again: none gives us up after a week.
//
// # Innocent oddities
//
// False alarms are measured on this world, so what is innocent and looks like something else is in it: actors who post
// sixty times in an hour, moderators' purges of hundreds of accounts, lively threads, peers whose clock or key is amiss,
// whose agent names another host than their keys, that share an address or a registrable domain with others, that
// upgrade, move, are born and die; people who mistype passwords, sign in from an office's address or a carrier's, and
// forget what they chose; stampedes after a link; scanners, guessers and noise, as every address of the internet gets.
package simulate
