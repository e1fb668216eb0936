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
// that a Plan says. What they did stands in truth.jsonl (truth.go), which detection never reads.
//
// # What is assumed
//
// Formats, statuses, retries, timeouts, limits and job classes follow Mastodon's source and captured lines. No public
// measurement is known of a whole server's traffic by peer; rates, mixes and latencies are assumptions, stated where
// they stand, and Marginals shows what comes of them.
package simulate
