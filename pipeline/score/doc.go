// Package score compares what was told with what is true: the alerts of a replay with the truth that
// `fedwarden simulate` wrote beside the logs. It is pure: it reads two texts, and counts.
//
//	truth.jsonl  ─ ReadTruth ──▶ Truth ──┐
//	                                     ├─ Judge ─▶ Tally ─ Merge ─▶ Tally ─▶ Report ─▶ text, JSON, Markdown
//	alerts.jsonl ─ ReadAlerts ─▶ Incident┘
//	log events ─── Rival ──────▶ Incident┘
//
// # What is counted
//
// An incident is one alert id. It is told when it has reached medium before it belonged to a campaign, or after
// it left one: then a person was notified. If it becomes a member later it counts no second time, and its end
// is the one message more; its campaign is an incident of its own, judged by its own entity. It matches an attack if its threat is right for it, its entity (or the name
// proven later) is an attacker or the true parent, and it opened between the attack's start and ten
// minutes after its end. The first told match is the detection, the others are duplicates. There is no
// other way to hit, and no credit for what is near.
//
// A told incident that matches nothing is false, whoever it names. Apart from both stand: health (unless
// the attack is one on fedwarden's own input, and told as such), members of a campaign, the warm-up, and
// what names only an invented name ("only ever seen from these addresses": whoever blocks it blocks
// nobody, and catches nobody).
//
// # Days
//
// A false incident belongs to a day. A day which a weird scenario touches, half an hour before and after
// it included, is weird; else one that an attack touches, ten minutes after it included, is an attack day;
// else it is quiet. Numerator and denominator follow one rule, so a weird hour can't make a quiet day look
// bad, nor hide in it. Rates have exact Poisson bounds from above at 95 %: zero in n days says no more
// than "below 3/n".
//
// # Innocents
//
// Framed is an honest site, of which the server saw traffic on three days or more, that is named (as site,
// domain or actor; as entity or proven; at whatever severity) while an attack that writes its name runs.
// Honest sites named at all are counted apart. A party that attacks at that time is no innocent, whether
// or not the threat was right.
//
// # Rivals
//
// Fixed leaky buckets and a z-score (rival*.go) read the same log. They know no threats, so any is right
// for them, and they name whom the log names.
//
// # Adding up
//
// A Tally keeps counts and times to detect, never a rate, so tallies of many runs add up to one table.
package score
