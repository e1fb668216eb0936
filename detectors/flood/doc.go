// Package flood holds the detectors of federated denial of service (threat dos), one file each.
//
// # Causes and symptoms
//
// Who floods is told by detectors that have keys, and an alert of theirs can be acted on: domain_flood (too many), domain_cost
// (too costly, or too large), subdomain_storm (too many names), ip_flood. What the load does to the server is told by those
// of the instance, which see signals and Sidekiq's lines and know no sender: queue_backlog, fetch_amplification,
// saturation, job_failures. They are low whenever what they see may be the server's own doing, or is accounted for by
// more deliveries than usual, and name nobody: a host that a failed job names was put there by anybody.
//
// Saturation and job_failures have the threat health. They look the same in an attack, an outage, a deploy and a bug, and
// told as denial of service they would be wrong most of the time. queue_backlog and fetch_amplification have the threat
// dos: threads that are all busy while more is accepted, or that fetch because of few deliveries, are no outage.
//
// # Yardsticks
//
// Counts over time are held against their own past by window.Metric and window.Series. What is a ratio is judged here:
// domain_cost by share and by what the others' deliveries take in the same minute, so that a slow database or somebody
// else's flood, which make everyone slow, are nobody's cost; job_failures by a beta-binomial tail (ratio.go); queue_backlog
// by what deliveries and jobs usually make of each other, within an hour at most, and by how busy the threads are.
// Without the logs that they need, they are silent: nginx' combined format has no times, Rails' no sizes.
package flood
