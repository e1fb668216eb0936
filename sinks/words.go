package sinks

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// headword is what an alert begins with: its severity, or that it is over.
func headword(a *pipeline.Alert) string {
	switch a.Status {
	case pipeline.StatusResolved:
		return "RESOLVED"
	case pipeline.StatusUpdated:
		return strings.ToUpper(a.Severity.String()) + ", updated"
	}
	return strings.ToUpper(a.Severity.String())
}

// own is the name of the Mastodon server concerned, or "".
func own(a *pipeline.Alert) string {
	if a.Instance == nil {
		return ""
	}
	return *a.Instance
}

// who names the entity and what kind of thing it is.
func (y style) who(e pipeline.AlertEntity, max int) string {
	kind := y.text(kindWord(e.Type), 60)
	if e.Value == "" || kind == "" {
		return "unknown"
	}
	return y.name(withUnicode(e.Value), max-units(kind)-3) + " (" + kind + ")"
}

// kindWord names an entity's type; one from a later version is shown as it is.
func kindWord(t pipeline.EntityType) string {
	switch t {
	case pipeline.EntitySite:
		return "site, with all hosts below it"
	case pipeline.EntityIP:
		return "address"
	case pipeline.EntityPrefix:
		return "network"
	case pipeline.EntityAccount:
		return "local account, pseudonym"
	case pipeline.EntityJobClass:
		return "job class"
	case pipeline.EntityInstance:
		return "the whole server"
	}
	return humanize(string(t))
}

// sure says in words how sure it is that e did it; "" where nobody is accused.
func sure(e pipeline.AlertEntity) string {
	if e.Attribution == nil {
		return ""
	}
	switch *e.Attribution {
	case pipeline.Verified:
		return "verified: Mastodon checked the signature"
	case pipeline.Corroborated:
		return "corroborated: its known addresses or its processed deliveries agree"
	case pipeline.Claimed:
		return "claimed only: names it used are no proof"
	case pipeline.IPOnly:
		return "address only: no name is proven"
	}
	return "unknown"
}

// howMuch says what was measured against what is usual.
func (y style) howMuch(m pipeline.Measure) string {
	s := number(m.Value)
	if m.Name != "" {
		s += " " + y.text(humanize(m.Name), 60)
	}
	if m.Window != "" {
		s += " in " + y.text(m.Window, 20)
	}
	if m.Expected != nil {
		s += ", usually " + number(*m.Expected) + ratio(m.Value, *m.Expected)
	}
	s += ", threshold " + number(m.Threshold)
	if m.Surprise != nil {
		s += ", surprise " + number(*m.Surprise)
	}
	return s
}

// ratio says how many times the usual v is, where that means something.
func ratio(v, usual float64) string {
	if r := v / usual; usual > 0 && r >= 2 && r < 1e6 {
		return " (" + number(math.Round(r)) + " times)"
	}
	return ""
}

// since says when it began, and how long before the transition that was.
func (y style) since(a *pipeline.Alert) string {
	if a.StartsAt.Time == 0 {
		return "unknown"
	}
	if a.At.Time <= a.StartsAt.Time {
		return y.stamp(a.StartsAt)
	}
	return y.stamp(a.StartsAt) + " (" + span(a.At.Time.Sub(a.StartsAt.Time)) + ")"
}

// lasted says how long a resolved episode was, and when it ended.
func (y style) lasted(a *pipeline.Alert) string {
	if a.EndsAt.Time == 0 || a.StartsAt.Time == 0 {
		return "Over"
	}
	return "Lasted " + span(a.EndsAt.Time.Sub(a.StartsAt.Time)) + ", until " + y.stamp(a.EndsAt)
}

// spread counts who is involved; "" for nobody.
func spread(c pipeline.RelatedCounts) string {
	var parts []string
	for _, p := range []struct {
		n         uint64
		one, many string
	}{{c.Domains, "domain", "domains"}, {c.Actors, "actor", "actors"}, {c.IPs, "address", "addresses"}} {
		if p.n > 0 {
			parts = append(parts, plural(p.n, p.one, p.many))
		}
	}
	return strings.Join(parts, ", ")
}

// involved lists who is involved, a few of each kind. Names beside an entity that is not proven are
// claims, and it must say so: an innocent may be among them.
func (y style) involved(a *pipeline.Alert, n, max int) []string {
	r, label := a.Related, ""
	if t := a.Entity.Attribution; t != nil && *t < pipeline.Corroborated {
		label = "claimed: "
	}
	var lines []string
	for _, l := range []struct {
		label string
		list  []string
		total uint64
	}{{label, r.Domains, r.Counts.Domains}, {label, r.Actors, r.Counts.Actors}, {"", r.IPs, r.Counts.IPs}} {
		if len(l.list) > 0 {
			lines = append(lines, l.label+y.names(l.list, l.total, n, max))
		}
	}
	return lines
}

// benign says which benign explanations were recognised.
func (y style) benign(list []pipeline.Context) string {
	var words []string
	for _, c := range list[:min(len(list), 6)] {
		words = append(words, y.text(benignWord(c), 50))
	}
	return strings.Join(words, "; ")
}

func benignWord(c pipeline.Context) string {
	switch c {
	case pipeline.ContextRecovery:
		return "deliveries that waited during an outage"
	case pipeline.ContextRelay:
		return "a relay"
	case pipeline.ContextViral:
		return "a popular post"
	case pipeline.ContextDeleteStorm:
		return "many deletions after an account went"
	case pipeline.ContextAccountMove:
		return "an account that moved"
	case pipeline.ContextBackfill:
		return "old events: told late, from a backlog, or fetched late"
	case pipeline.ContextCrawler:
		return "a known crawler"
	case pipeline.ContextKeyRotation:
		return "keys being exchanged"
	case pipeline.ContextRollout:
		return "a new version being rolled out"
	case pipeline.ContextMaintenance:
		return "maintenance"
	case pipeline.ContextLearning:
		return "fedwarden is still learning what is usual here"
	}
	return humanize(string(c))
}

// threatWord names a threat.
func threatWord(t pipeline.Threat) string {
	switch t {
	case pipeline.ThreatDoS:
		return "denial of service"
	case pipeline.ThreatExploit:
		return "protocol exploit"
	case pipeline.ThreatLeak:
		return "data leak"
	case pipeline.ThreatTakeover:
		return "account takeover"
	case pipeline.ThreatHealth:
		return "health of fedwarden or its inputs"
	}
	return humanize(string(t))
}

// humanize returns an identifier as words.
func humanize(s string) string { return strings.ReplaceAll(s, "_", " ") }

// number writes v as people do: whole, or with one decimal while that says something.
func number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "unknown"
	case math.Abs(v) >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case math.Abs(v) >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 0.1:
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func count(n uint64) string { return strconv.FormatUint(n, 10) }

func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// span writes a duration in its two largest units; there is none below zero.
func span(d time.Duration) string {
	s := max(0, int64(d/time.Second))
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + " s"
	case s < 3600:
		return two(s/60, " min", s%60, " s")
	case s < 86400:
		return two(s/3600, " h", s%3600/60, " min")
	}
	return two(s/86400, " d", s%86400/3600, " h")
}

func two(a int64, unitA string, b int64, unitB string) string {
	s := strconv.FormatInt(a, 10) + unitA
	if b > 0 {
		s += " " + strconv.FormatInt(b, 10) + unitB
	}
	return s
}
