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
// # Parts
//
// Of a name, the proven events (corroborated or verified) and the merely claimed ones are counted in two
// rings, and each must cross a threshold by itself. Forged events then can't borrow an honest peer's
// proof, nor can an honest peer's traffic lift a forger's over the threshold; whose name it is, is a
// question about one part.
//
// # Estimates
//
// What can't be counted by a ring is estimated, each with a bound of error and of bytes that its type's comment
// gives: distinct elements (distinct.go: exact up to eight, then sketches from a pool that a Space's counts
// share), whether a pair was seen within a month (novelty.go: Bloom filters), quantiles of a latency or size
// (quantile.go: histograms of bins that grow by a ratio). None uses randomness, and none lets repeats or inventions cost more
// than a few steps an event.
//
// # Bounds
//
// Every table has a capacity. When it is full, a newcomer replaces the unprotected key of least decayed
// weight among the next 32 that a hand sweeps over: never the least recently used one, so that what an
// attacker invents pushes out what an attacker invented. A key with proven events on two days is
// protected until it is gone for 30 days; at most 70 % of a table are. A parent has a bounded number of
// children, and beyond it they count for the parent only, unless the hand finds a sibling that has been quiet
// for two hours. The hash that finds a key is keyed with the secret.
package window
