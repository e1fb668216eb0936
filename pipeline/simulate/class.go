package simulate

// A jobClass is one of Mastodon's workers.
type jobClass struct {
	name  string
	queue queueName
	ms    float64 // the median that it takes
	sigma float64
	tries int // after a failure: sidekiq_options retry
	flaky float64
	error string // by which it fails now and then
}

// A queueName is one of Mastodon's queues.
type queueName uint8

// The queues, by weight.
const (
	qDefault queueName = iota
	qPush
	qIngress
	qMailers
	qPull
	qScheduler
	queueCount
)

var queueNames = [queueCount]string{"default", "push", "ingress", "mailers", "pull", "scheduler"}

// queueWeights are config/sidekiq.yml's.
var queueWeights = [queueCount]float64{8, 6, 4, 2, 1, 1}

// The classes that are named below.
const (
	processing = iota
	delivery
	distribution
	feedInsert
	localNotification
	pushNotification
	linkCrawl
	threadResolve
	fetchReplies
	redownloadAvatar
	redownloadHeader
	redownloadMedia
	mentionResolve
	apDistribution
	accountDeletion
	moveWorker
	pushUpdate
	removal
	rawDistribution
	postProcessMedia
	mailer
	refreshAccount
	plainJob
)

// classes are the workers. Queues and retries are app/workers'; how long they take and how often they fail are
// assumptions, in the order of captured lines (ActivityPub::ProcessingWorker 0.05 to 0.35 s, DistributionWorker 0.8 s).
var classes = [...]jobClass{
	processing:        {"ActivityPub::ProcessingWorker", qIngress, 70, 0.9, 8, 0.0015, "Mastodon::RaceConditionError: Race condition when processing"},
	delivery:          {"ActivityPub::DeliveryWorker", qPush, 280, 0.8, 16, 0.004, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	distribution:      {"DistributionWorker", qDefault, 40, 0.9, 0, 0, ""},
	feedInsert:        {"FeedInsertWorker", qDefault, 9, 0.7, 25, 0, ""},
	localNotification: {"LocalNotificationWorker", qDefault, 25, 0.7, 25, 0, ""},
	pushNotification:  {"Web::PushNotificationWorker", qPush, 220, 0.7, 5, 0.01, "HTTP::ConnectionError: failed to connect: Connection refused"},
	linkCrawl:         {"LinkCrawlWorker", qPull, 700, 1.0, 0, 0.004, "OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 state=error: tlsv1 alert internal error"},
	threadResolve:     {"ThreadResolveWorker", qPull, 450, 1.0, 3, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	fetchReplies:      {"ActivityPub::FetchRepliesWorker", qPull, 600, 1.0, 3, 0.01, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	redownloadAvatar:  {"RedownloadAvatarWorker", qPull, 350, 0.9, 7, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	redownloadHeader:  {"RedownloadHeaderWorker", qPull, 350, 0.9, 7, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	redownloadMedia:   {"RedownloadMediaWorker", qPull, 800, 1.0, 3, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	mentionResolve:    {"MentionResolveWorker", qPull, 600, 1.0, 7, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	apDistribution:    {"ActivityPub::DistributionWorker", qPush, 60, 0.7, 25, 0, ""},
	accountDeletion:   {"AccountDeletionWorker", qPull, 900, 1.0, 0, 0, ""},
	moveWorker:        {"MoveWorker", qDefault, 300, 1.0, 25, 0, ""},
	pushUpdate:        {"PushUpdateWorker", qDefault, 8, 0.6, 0, 0, ""},
	removal:           {"RemovalWorker", qDefault, 30, 0.7, 25, 0, ""},
	rawDistribution:   {"ActivityPub::RawDistributionWorker", qPush, 40, 0.7, 25, 0, ""},
	postProcessMedia:  {"PostProcessMediaWorker", qDefault, 1800, 1.0, 1, 0.01, "Paperclip::Error: Could not process file"},
	mailer:            {"ActionMailer::MailDeliveryJob", qMailers, 700, 0.7, 25, 0.01, "Net::OpenTimeout: execution expired"},
	refreshAccount:    {"AccountRefreshWorker", qPull, 450, 0.9, 3, 0.02, "HTTP::TimeoutError: Timed out after using the allocated 10 seconds"},
	plainJob:          {"", qDefault, 100, 0.8, 25, 0, ""},
}

// otherClasses are workers that nothing in the background queues, but a scenario may.
var otherClasses = [...]jobClass{
	{"ResolveAccountWorker", qPull, 600, 1.0, 25, 0, ""},
	{"ActivityPub::FetchAllRepliesWorker", qPull, 1500, 1.0, 3, 0, ""},
	{"ActivityPub::FetchReplyWorker", qPull, 500, 1.0, 3, 0, ""},
	{"ActivityPub::LowPriorityDeliveryWorker", qPull, 280, 0.8, 8, 0, ""},
	{"RemoteAccountRefreshWorker", qPull, 450, 0.9, 3, 0, ""},
	{"ActivityPub::SynchronizeFeaturedCollectionWorker", qPull, 400, 0.9, 25, 0, ""},
	{"ActivityPub::FollowersSynchronizationWorker", qPush, 300, 0.9, 0, 0, ""},
	{"VerifyAccountLinksWorker", qPull, 500, 1.0, 0, 0, ""},
	{"Import::RowWorker", qPull, 120, 0.8, 6, 0, ""},
	{"BulkImportWorker", qPull, 500, 0.8, 0, 0, ""},
	{"AuthorizeFollowWorker", qDefault, 40, 0.7, 25, 0, ""},
	{"UnfollowFollowWorker", qPull, 60, 0.7, 25, 0, ""},
	{"BackupWorker", qPull, 30_000, 0.8, 5, 0, ""},
	{"DomainBlockWorker", qPull, 2500, 0.8, 25, 0, ""},
	{"DomainClearMediaWorker", qPull, 4000, 0.8, 25, 0, ""},
	{"Admin::DomainPurgeWorker", qPull, 9000, 0.8, 25, 0, ""},
}

// classNamed returns the class of that name, or nil.
func classNamed(name string) *jobClass {
	for i := range classes {
		if classes[i].name == name {
			return &classes[i]
		}
	}
	for i := range otherClasses {
		if otherClasses[i].name == name {
			return &otherClasses[i]
		}
	}
	return nil
}
