package simulate

// A cron is a job that Sidekiq's scheduler queues by the clock: config/sidekiq.yml's.
type cron struct {
	class string
	every moment
	ms    float64
}

var crons = [...]cron{
	{"Scheduler::ScheduledStatusesScheduler", 5 * minute, 9},
	{"Scheduler::IndexingScheduler", 5 * minute, 12},
	{"Scheduler::Trends::RefreshScheduler", 5 * minute, 700},
	{"Scheduler::AccountsStatusesCleanupScheduler", minute, 8},
	{"Scheduler::SuspendedUserCleanupScheduler", minute, 6},
	{"Scheduler::SoftwareUpdateCheckScheduler", 30 * minute, 300},
	{"Scheduler::InstanceRefreshScheduler", hour, 900},
	{"Scheduler::FollowRecommendationsScheduler", day, 20_000},
	{"Scheduler::UserCleanupScheduler", day, 1500},
	{"Scheduler::IpCleanupScheduler", day, 4000},
	{"Scheduler::VacuumScheduler", day, 90_000},
}

// winds lets the clock run.
func (s *sim) winds() {
	for i := range crons {
		r := streamOf(s.seed, crons[i].class, 0)
		s.schedule(s.now+moment(r.intn(int(crons[i].every))), evCron, int32(i))
	}
}

func (s *sim) cronComes(i int) {
	c := &crons[i]
	r := streamOf(s.seed, c.class, uint64(s.now))
	if !s.dark {
		s.newJob(job{class: &classes[plainJob], custom: c.class, most: -1, takes: moment(r.lognormal(c.ms, 0.4) * float64(millisecond)), rng: r}, 0)
	}
	s.schedule(s.now+c.every, evCron, int32(i))
}
