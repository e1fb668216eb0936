package flood

import (
	"io"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// FetchAmplificationSpec documents fetch_amplification.
var FetchAmplificationSpec = pipeline.Spec{
	Name: "fetch_amplification", Title: "Deliveries that make us fetch", Threat: pipeline.ThreatDoS, Space: pipeline.SpaceInstance,
	Kinds:      []pipeline.Kind{pipeline.KindJob, pipeline.KindJobError},
	Sees:       "Jobs that fetch from other servers (accounts, threads, replies, media, links), in Sidekiq's log, against the deliveries that are accepted, in nginx' or Rails'.",
	Matters:    "A post can name accounts, parents and links by the dozen, and each is fetched: few deliveries fill the pull queue, and a limit on what comes in helps nothing. What is fetched can be a third party, who sees us attack.",
	Lookalikes: "A thread with many replies, a crawl of old accounts by a moderator or a nightly job (low while it does no harm); a flood of deliveries by unknown actors, which other alerts tell of (low).",
	Do: []string{
		"Look at whose posts came when it began: open alerts, and the hosts of failed jobs in Sidekiq's log.",
		"Suspend the registrable domain that is fetched; clear its jobs from the queue pull.",
	},
	Defaults: "at least 100 such jobs in 10 m or 300 in 1 h, surprising by the server's own past (1 in 10^7), at least twice what is expected, and at least 3 times as many a delivery as usual; high while they keep at least 4 threads busy, by half of all the time that jobs take, and deliveries are fewer than twice the usual, in the last 10 m and 1 h; else low",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Find the registrable domain that is fetched from: the failed jobs of %s name it."},
	},
}

var fetchFloors = []window.Floor{{Scale: window.S10m, Count: 100}, {Scale: window.S1h, Count: 300}}

const (
	fetchGrowth  = 3
	fetchThreads = 4
	fetchSurge   = 2
	threadPart   = 80 // per cent of fetches that are of a thread

	failingFetches = 10 // from one site, that it is worth a look
)

// FetchAmplification reports that deliveries make the server fetch more than they usually do.
type FetchAmplification struct {
	fetches  *window.Series
	accepted *window.Counter
	replies  *window.Counter // fetches of a thread's posts
	took     *window.Counter // milliseconds of fetches
	all      *window.Counter // milliseconds of all jobs
	failed   failingSites    // from which fetches failed, of all classes
	looked   pipeline.Time
}

// NewFetchAmplification returns a detector that has seen nothing.
func NewFetchAmplification() *FetchAmplification {
	ten := window.Of(window.S10m)
	return &FetchAmplification{
		fetches:  window.NewSeries(fetchFloors),
		accepted: window.NewCounter(window.Of(window.S10m, window.S1h, window.S24h)),
		replies:  window.NewCounter(ten), took: window.NewCounter(ten), all: window.NewCounter(ten),
	}
}

// A fetchKind says what a class of jobs fetches.
type fetchKind uint8

const (
	noFetch fetchKind = iota
	someFetch
	replyFetch
)

// fetchOf returns what a class fetches: the workers of Mastodon's that ask other servers because of what a delivery
// says.
func fetchOf(class string) fetchKind {
	switch class {
	case "ThreadResolveWorker", "ActivityPub::FetchRepliesWorker", "ActivityPub::FetchAllRepliesWorker", "FetchReplyWorker",
		"ActivityPub::FetchReplyWorker":
		return replyFetch
	case "MentionResolveWorker", "ResolveAccountWorker", "LinkCrawlWorker",
		"RedownloadAvatarWorker", "RedownloadHeaderWorker", "RedownloadMediaWorker",
		"AccountRefreshWorker", "RemoteAccountRefreshWorker", "VerifyAccountLinksWorker",
		"ActivityPub::SynchronizeFeaturedCollectionWorker", "ActivityPub::SynchronizeFeaturedTagsCollectionWorker",
		"ActivityPub::FollowersSynchronizationWorker", "ActivityPub::QuoteRefreshWorker", "ActivityPub::RefetchAndVerifyQuoteWorker",
		"ActivityPub::PostUpgradeWorker":
		return someFetch
	}
	return noFetch
}

// Observe counts deliveries and jobs, and looks at both when a fetch starts.
func (d *FetchAmplification) Observe(e *pipeline.Event, r pipeline.Report) {
	switch e.Kind {
	case pipeline.KindJob:
		d.job(e, r)
	case pipeline.KindJobError:
		if e.Site != "" && fetchOf(e.JobClass) != noFetch {
			d.failed.add("", e)
		}
	case pipeline.KindSignal:
		if e.Signal.Name == window.TotalAccepted {
			d.accepted.Add(e.Time, uint32(min(e.Signal.Count, 1<<20)))
		}
	}
}

func (d *FetchAmplification) job(e *pipeline.Event, r pipeline.Report) {
	kind := fetchOf(e.JobClass)
	switch {
	case e.JobState != pipeline.JobStart:
		ms := uint32(min(max(e.Duration.Milliseconds(), 0), 1<<24))
		d.all.Add(e.Time, ms)
		if kind != noFetch {
			d.took.Add(e.Time, ms)
		}
		return
	case kind == noFetch:
		return
	case kind == replyFetch:
		d.replies.Add(e.Time, 1)
	}
	d.fetches.Add(e.Time, 1)
	if second := e.Time.Floor(); second != d.looked {
		d.looked = second
		d.look(e.Time, r)
	}
}

func (d *FetchAmplification) look(now pipeline.Time, r pipeline.Report) {
	x, ok := d.fetches.Over(now)
	if !ok || !d.outgrows(x, now) {
		return
	}
	f := d.fetches.Finding(now, x, "fetch_jobs")
	f.Severity = pipeline.SeverityLow
	f.Summary = "%s is made to fetch: " + x.Text("jobs")
	switch {
	case d.replies.Sum(window.S10m, now)*100 >= d.fetches.Sum(window.S10m, now)*threadPart:
		f.Context = append(f.Context, pipeline.ContextViral)
		f.Summary += ", nearly all for the replies of threads"
	case d.harms(now):
		f.Severity = pipeline.SeverityHigh
	}
	if site, n, _ := d.failed.worst("", now); n >= failingFetches {
		f.Related.Domains = []string{site}
		f.Summary += "; of those that fail, " + strconv.Itoa(int(n)) + " ask one site"
	}
	r.Find(f)
}

// outgrows reports whether a delivery brings more fetches than it usually does. Where deliveries are not known, none
// does.
func (d *FetchAmplification) outgrows(x window.Excess, now pipeline.Time) bool {
	accepted, before := d.accepted.Sum(x.Scale, now), d.accepted.Sum(window.S24h, now)
	fetches := d.fetches.Sum(window.S24h, now)
	if before <= accepted || accepted == 0 {
		return false
	}
	usual := float64(fetches-min(x.Count, fetches)) / float64(before-accepted)
	return float64(x.Count) >= fetchGrowth*usual*float64(accepted)
}

// harms reports whether fetches keep threads from other work, and no flood of deliveries is, or was, behind them.
func (d *FetchAmplification) harms(now pipeline.Time) bool {
	took, all := d.took.Sum(window.S10m, now), d.all.Sum(window.S10m, now)
	return took >= fetchThreads*window.S10m.Seconds()*1000 && took >= all/2 && !d.surges(window.S10m, now) && !d.surges(window.S1h, now)
}

// surges reports whether many more deliveries are accepted than usual.
func (d *FetchAmplification) surges(s window.Scale, now pipeline.Time) bool {
	n, day := d.accepted.Sum(s, now), window.S24h.Seconds()
	usual := float64(d.accepted.Sum(window.S24h, now)-n) * float64(s.Seconds()) / float64(day-s.Seconds())
	return float64(n) >= fetchSurge*usual
}

// Advance does nothing: a fetch is an event.
func (d *FetchAmplification) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *FetchAmplification) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the counts.
func (d *FetchAmplification) Snapshot(w io.Writer) error {
	if err := d.fetches.Snapshot(w); err != nil {
		return err
	}
	s := saver{w: w}
	s.numbers(uint64(d.looked))
	s.counters(d.accepted, d.replies, d.took, d.all)
	d.failed.save(&s)
	return s.err
}

// Restore reads what Snapshot wrote.
func (d *FetchAmplification) Restore(r io.Reader) error {
	next := NewFetchAmplification()
	l := loader{r: r, err: next.fetches.Restore(r)}
	next.looked = pipeline.Time(l.number())
	l.counters(next.accepted, next.replies, next.took, next.all)
	next.failed.load(&l)
	if l.err != nil {
		next = NewFetchAmplification()
	}
	*d = *next
	return l.err
}
