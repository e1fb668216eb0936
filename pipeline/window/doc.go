// Package window holds all keyed state: what is known of a site, a domain, an actor, an address. It is
// pure and, given the same events and secret, byte for byte the same on every machine.
//
// # Space
//
// A key space's state is one value, Space: tables of keys, and for each key one record with a ring per
// claimed metric. It is registered before the detectors that use it. Its Observe looks each key of an
// event up once, counts the event in every claimed metric it belongs to, and leaves plain slot numbers in
// the event; a detector reads sums by slot and keeps no map of its own. Ten maps for one key cost ten
// cache misses per event; one record costs one.
//
// Claims are made by name before the first event (Space.Metric, Space.Distinct); equal claims share one
// ring. What belongs to a metric stands in metrics.go, a closed list.
//
// # Rings
//
// A ring counts events over sliding windows with ceiling semantics: a window of length W made of n buckets
// of length δ covers the n closed buckets and the open one, hence [W, W+δ]: no true violation of a
// threshold is ever missed, and an over-trigger needs the threshold's count within W+δ. An add is one
// increment, whatever the number of windows, since each window's sum is its closed buckets plus what was
// seen since its open bucket began:
//
//	10 s = 10 × 1 s    1 m = 6 × 10 s    5 m = 5 × 1 m     10 m = 10 × 1 m
//	30 m = 6 × 5 m     1 h = 6 × 10 m    24 h = 24 × 1 h
//
// With five windows it takes 292 bytes, of which an event touches the first 64. Whether a key may be over a
// threshold at all is one compare: the ring knows below which count of events nothing can be (threshold.go).
// A metric that weighs its events (kilobytes, milliseconds) is a ring like any other.
//
// # Memory
//
// All that is kept by key lies in slabs: cells of equal size in chunks that hold no pointer, so that the
// collector does not look into them and growing copies nothing. A key is a record: 5 words that every event touches,
// one for each ring or list it may have, and its first ring, in 256 to 448 bytes. Another ring, or a list, is a cell
// of its own, taken with the first event that needs it; most keys have none.
//
// # Parts
//
// Of a name, the proven events (corroborated or verified) and the merely claimed ones are counted in two
// rings, and each must cross a threshold by itself. Forged events then can't borrow an honest peer's
// proof, nor can an honest peer's traffic lift a forger's over the threshold; whose name it is, is a
// question about one part.
//
// # Estimates
//
// Notes are what else a detector remembers of a key: some words in its record (note.go).
//
// What can't be counted by a ring is estimated, each with a bound of error and of bytes that its type's comment
// gives: distinct elements (distinct.go: exact up to eight, then sketches from a pool that a Space's counts
// share), whether a pair was seen within two months, and who of them not within one (novelty.go: Bloom filters), quantiles of a latency or size
// (quantile.go: histograms of bins that grow by a ratio). None uses randomness, and none lets repeats or inventions cost more
// than a few steps an event.
//
// # Who is new
//
// An actor is new at its site, and a site is new at all, when the pair was not seen for a month: that is remembered apart
// from the records (novelty.go), so that losing a place in a table makes nobody new. A site is young for three days
// (young.go). What a young, a woken or a small site does that it never did crosses to the instance detectors as a signal
// (waking.go), 256 of them a second at most and the number of the others: one such site is nothing, many at once are a wave.
//
// # Baselines
//
// A metric with floors holds each key against its own past (baseline.go has what keys share, learn.go what each ring knows,
// in six words behind its buckets). The model: a key's rate λ has a gamma distribution; its counts, given λ, scatter more
// than Poisson's. With a events in b hours of exposure, both halved with every three days,
//
//		λ = (a₀ + a) / (b₀ + b)      μ = λ · E(window)      1/r = 1/(a₀+a) + κ⁻¹ + κ⁻¹/(a₀+a)
//		X ~ negative-binomial (μ, r)     surprise S = −log₁₀ P(X ≥ x)     (surprise.go)
//
//	  - E, the exposure, is the window's length times the season's factor (season.go: hour of the day and of the week, one
//	    for all keys, learned from their total) times the common factor (common.go: the median, weighted, of what the 48
//	    busiest long-known keys do against what they usually do, when that is above 1.5).
//	  - a₀ and b₀, the prior, are fitted every six hours to the rates of the keys that were seen on two days (prior.go).
//	  - κ⁻¹ is what the busiest keys' counts scatter by beyond Poisson's, for each scale, times how much more unevenly than
//	    others' this key's hours came, from a quarter to eight times.
//	  - A window of 24 hours is held against what was before it.
//
// An hour is learned when the key's next one begins, and no more of it than μ + 6σ + 10: an attack can raise its own
// baseline only by that. While an incident is open about the key nothing of it is learned, for 24 hours; after that
// what goes on is the new usual. An hour in which a log was dead (below a tenth of what all keys usually bring, or within six
// empty ones) is no exposure for anybody, nor is one with a common factor; after 24 of them without a usual one in between it is,
// for what was usual has ended.
//
// An excess opens at S ≥ 10.5, 10, 9.5, 8.5, 7 (10 s, 1 m, 10 m, 1 h, 24 h; a Series, of which there is one, at 7), above its floor and at twice μ, and stays open
// down to S = 4, 4, 3.5, 3, 2.5 and half of the floor. All of this is worked out once a minute for keys that come near
// a floor; for the others an event costs one compare (threshold.go).
//
// What a patient attacker gets for free: what lies below the floors, and about a fifth more each day, of whatever he
// sends. What is claimed is never held against what is proven, nor does it lend to it; but while at least half as much is
// claimed in a name as is proven, the proven part is given the full floor, so that nobody is named because a forger chose
// a lively minute of his.
//
// # The whole server
//
// An instance detector sees signals, not requests. Totals adds up, once a second, what requests there were; Rare says,
// by address and bounded, who did what few do: sign in, fail to, sign up, ask for a password; and how many networks
// came that are strangers. What they are told such detectors keep in a Series, a Counter or a Crowd, together a State.
//
// # Under attack
//
// Names cost nothing to invent, so a table has a capacity, and four rules say who is in it.
//
//  1. Totals of the whole table are exact, and are never given up; so are a parent's, for its children.
//  2. Once a table has been half full, a claimed key gets a place with its eighth event within a minute or two,
//     as its doorkeeper counts them (doorkeeper.go): never too low. It gets with its place what was counted
//     before. A proven event needs no such knock, for names that are really used cost something; nor does an
//     address that signs in or up, or tries to, or asks for what costs much, for 512 keys in a minute (lane.go).
//  3. When a table is full, a newcomer takes the place of one within a factor of two of the lightest, by events
//     halved with each hour, and of these the one that has been so light for longest (ranks.go): never of the least
//     recently used one. It inherits the weight, not the counts, of whom it replaces: that is Space-Saving.
//  4. A key is shielded from that once it had proven events on two days, or any on three, until it is gone for
//     30 days; at most 70 % of a table are, and 35 % for their age alone. A key with an open incident is
//     pinned. A parent has 64 domains (a site) or 256 actors or addresses (a domain, a network) of each kind,
//     claimed and proven; beyond it they, and those below them, count for the parent only, unless one of them has
//     been quiet for two hours.
//
// The guarantee: a key that had eight events within 60 s is there from its eighth event on, and no window's
// count of it is too low for as long as it stays. Be N the events of all keys that passed the door, halved with
// each hour, and m the number of keys that are neither shielded nor pinned: one with more than 2N/m events since
// it has its place, halved likewise, is never replaced. What is invented and comes once adds nothing to N, but
// for the doorkeeper's error.
// If one is replaced that was seen within the hour, the table can't hold what there is, and detection_floor
// says so, with the count above which keys are safe. siege_test.go plays the adversary who knows all this but
// the secret.
//
// What is given up: a weight, or an element of a distinct count, that a key brought before it had a place.
//
// Every hash of a key is keyed with the secret, so nobody can craft names that collide.
package window
