package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Row is one of the Marginals, beside what is known of real servers.
type Row struct{ Name, Got, Known, Source string }

// Rows returns the marginals as a table for people.
func (m *Marginals) Rows() []Row {
	size := float64(m.Peers) / smallPeers
	perDay := func(n int) string { return fmt.Sprintf("%.0f", float64(n)/float64(m.Days)) }
	return []Row{
		{"nginx lines a day", perDay(m.Nginx), between("%.0f", 40_000*size, 70_000*powered(size, 1.1)), "assumption: a small server has 3,000 peers and 200 people"},
		{"Sidekiq lines per nginx line", fmt.Sprintf("%.1f", ratio(m.Sidekiq, m.Nginx)), "2 to 3", "assumption: two lines a job"},
		{"deliveries a day", perDay(m.Deliveries), "", "assumption"},
		{"sites that deliver on a day", fmt.Sprintf("%.0f", m.SitesADay), "a third to a half of the known", "assumption"},
		{"share of the largest site", percent(m.LargestShare), "4 to 20 %", "assumption: one server has about a tenth of the active people"},
		{"addresses per site", fmt.Sprintf("%.2f", m.AddressesPerPeer), "mostly 1", "assumption: one server, one address; farms have more"},
		{"peak hour to mean hour", fmt.Sprintf("%.2f", m.PeakToMean), "1.4 to 2", "assumption: day and night of two continents"},
		{"lag-1 autocorrelation, 5 min", fmt.Sprintf("%.2f", m.Lag1), "over 0.5", "assumption: the day's rhythm"},
		{"variance to mean, 5 min in an hour", fmt.Sprintf("%.1f", m.Dispersion), "over 1", "over-dispersed: people come in bursts"},
		{"jobs per accepted delivery", fmt.Sprintf("%.1f", m.JobsPerDelivery), "at least 1", "Mastodon's source: a ProcessingWorker each, and what it queues"},
		{"jobs that fail", percent(m.FailedJobs), "", "assumption: some of the peers are down"},
		{"status", top(m.Status, 5), "202, 200, 401 first", "Mastodon's source: 202, and 401 comes again"},
		{"requests", top(m.Kinds, 5), "inbox first; public pages 64,000 a day at most", "changelog.yttrx.com, 2026-05-18, of one small server's crawlers"},
		{"sign-ins that fail", fmt.Sprintf("%d of %d", m.SignInFailed, m.SignInTried), "", "assumption"},
	}
}

func between(format string, lo, hi float64) string {
	return fmt.Sprintf(format+" to "+format, lo, hi)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// top returns the n most frequent of a table, with their shares.
func top[K comparable](m map[K]int, n int) string {
	type row struct {
		name  string
		count int
	}
	var rows []row
	all := 0
	for k, c := range m {
		rows = append(rows, row{fmt.Sprint(k), c})
		all += c
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(b.count-a.count, strings.Compare(a.name, b.name)) })
	var list []string
	for _, r := range rows[:min(n, len(rows))] {
		list = append(list, r.name+" "+percent(ratio(r.count, all)))
	}
	return strings.Join(list, ", ")
}
