package score

import (
	"slices"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// anyRunning reports whether an attack that f accepts runs at that time.
func (t *Truth) anyRunning(at time.Time, f func(a *Attack) bool) bool {
	return slices.ContainsFunc(t.Attacks, func(a Attack) bool { return a.running(at) && f(&a) })
}

// guilty reports whether e attacks at that time.
func (t *Truth) guilty(e pipeline.Entity, at time.Time) bool {
	return t.anyRunning(at, func(a *Attack) bool { return a.Attackers.holds(e) })
}

// forged reports whether an attack at that time writes the name of host's site.
func (t *Truth) forged(host string, at time.Time) bool {
	return t.anyRunning(at, func(a *Attack) bool { return below(a.Forged, host) })
}

// invented reports whether nobody but an attacker uses host: it is listed, or the list was cut and host is
// no honest one's.
func (t *Truth) invented(host string, at time.Time) bool {
	_, honest := t.honest(host)
	return !honest && t.anyRunning(at, func(a *Attack) bool {
		return below(a.Invented, host) || len(a.Invented) >= maxInvented
	})
}
