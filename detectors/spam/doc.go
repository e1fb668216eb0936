// Package spam holds the detectors of malicious instances (threat malicious_instance), one file each.
//
// Some look at one name: many new actors (new_actor_burst), many people addressed (mention_fanout), many people followed
// (follow_flood). Others see populations, by what window.Waking tells of small sites: coordinated_wave counts the sites,
// template_wave the sites that send one text. They name nobody but the whole server, the template, or a network: the
// sites are their members, so that what is told of one of these is part of the wave.
//
// What is new is all that there is in the first days, so a wave is held against the days after them (tide.go), and each
// site counts once in three days (roll.go).
package spam
