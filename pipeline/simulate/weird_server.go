package simulate

import "time"

// What happens to our own server. How long is an assumption: most outages end within the hour, some take the night. What
// comes after one follows from the senders' backoff.
var serverWeirds = []scenario{
	{name: "our_outage", weird: true, last: minutes(480, 150, 40), play: ourOutage},
	{name: "nightly_jobs", weird: true, last: minutes(90, 60, 30), play: nightlyJobs},
	{name: "our_deploy", weird: true, last: minutes(40, 20, 10), play: ourDeploy},
	{name: "season_change", weird: true, last: minutes(1200, 1200, 1200), play: seasonChange},
	{name: "restart_backlog", weird: true, last: minutes(90, 60, 30), play: restartWithBacklog},
}

// ourOutage lets us be down: the machine, or what is behind nginx. Then everybody comes again.
func ourOutage(w *World, p *played) {
	d := by(p, 4*time.Hour, time.Hour, 10*time.Minute)
	w.Outage(p.start, p.start.Add(d), w.Rand().IntN(2) == 0)
}

// nightlyJobs lets the server clean up: old media, old statuses, backups; the disk is busy with it.
func nightlyJobs(w *World, p *played) {
	w.Degrade(p.end, by(p, 3.0, 1.8, 1.2))
	classes := [...]string{"RemovalWorker", "RemovalWorker", "AccountRefreshWorker", "RedownloadMediaWorker", "Scheduler::VacuumScheduler",
		"Scheduler::UserCleanupScheduler", "Scheduler::AccountsStatusesCleanupScheduler", "BackupWorker"}
	scatter(w, p.start, p.end.Sub(p.start), by(p, 8000, 2500, 500), func(int) { w.Job(Job{Class: oneOf(w, classes[:])}) })
}

// ourDeploy lets Puma and Sidekiq start anew; once more if the first version was no good. Caches are cold.
func ourDeploy(w *World, p *played) {
	for i := range by(p, 3, 1, 1) {
		w.At(p.start.Add(time.Duration(i)*8*time.Minute), w.Restart)
	}
	w.At(p.start, func() { w.Degrade(p.end, by(p, 4.0, 2, 1.2)) })
}

// seasonChange is the first day of the holidays, or the last: people here and on other servers do less than usual, or
// more.
func seasonChange(w *World, p *played) {
	factor := by(p, 0.4, 0.6, 0.75)
	if w.Rand().IntN(2) == 0 {
		factor = 1 / factor
	}
	w.Influx(p.end, factor)
	for i := range min(200, w.Peers.Len()) {
		w.PeerRate(w.Peers.Rank(i), p.end, factor)
	}
}

// restartWithBacklog lets Sidekiq stand still for half of the time, while deliveries are accepted; then it is started
// anew, and works off what has piled up.
func restartWithBacklog(w *World, p *played) {
	w.SidekiqDown(p.start, p.start.Add(p.end.Sub(p.start)/2))
}
