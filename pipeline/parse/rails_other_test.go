package parse

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestMessages(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		equal(t, said(t, pipeline.FormatRails, railsPrefix+railsID+text), want)
		equal(t, said(t, pipeline.FormatSidekiq, railsPrefix+text), want)
	}
	f("Rate limit hit (throttle): 198.51.100.7 POST /auth/sign_in?user[email]=a@b.example",
		`throttle ip=198.51.100.7 method=POST endpoint=sign_in status=429 path="/auth/sign_in"`)
	f("Rate limit hit (blocklist): 2001:db8::7 GET /@a", `throttle ip=2001:db8::7 method=GET endpoint=profile_page status=403 path="/@a"`)
	f("Rate limit hit (blacklist): 2001:db8::7 GET /@a", `throttle ip=2001:db8::7 method=GET endpoint=profile_page status=403 path="/@a"`)
	f("Rate limit hit (throttle): nobody GET /", "skipped: log message")
	f("Rate limit hit (throttle", "skipped: log message")

	f("Rejected Create activity https://spam.example/users/a/statuses/1/activity from https://spam.example/users/a",
		`rejection key_id="https://spam.example/users/a" key_host="spam.example" error="Create"`)
	f("Rejected Announce activity https://a.example/1 from https://spam.example/users/avia https://relay.example/actor",
		`rejection key_id="https://spam.example/users/a" key_host="spam.example" error="Announce" remote_host="relay.example"`)
	f("Rejected Announce activity https://a.example/1 from https://spam.example/users/viavia https://relay.example/actor",
		`rejection key_id="https://spam.example/users/via" key_host="spam.example" error="Announce" remote_host="relay.example"`)
	// the id is the stranger's own words
	f("Rejected Create activity x from https://victim.example/users/v from https://spam.example/users/a",
		`rejection key_id="https://spam.example/users/a" key_host="spam.example" error="Create"`)
	f("Rejected Create activity  from https://spam.example/users/a", `rejection key_id="https://spam.example/users/a" key_host="spam.example" error="Create"`)
	f("Rejected Create activity x from https://a.example/u https://victim.example/", "skipped: log message")
	f("Rejected Create activity x from https://a.example/uvia https://b.example/ c", "skipped: log message")
	f("Rejected Create activity x from nobody", "skipped: log message")
	f("Rejected Create activity x", "skipped: log message")
	f("Rejected secret words activity x from https://a.example/", "skipped: log message")

	f("Switching source:203.0.113.9 from green to red because HTTP::ConnectionError failed to connect",
		`circuit ip=203.0.113.9 error="HTTP::ConnectionError"`)
	f("Switching https://remote.example/inbox from green to red because Mastodon::UnexpectedResponseError https://remote.example/inbox returned code 503",
		`circuit error="Mastodon::UnexpectedResponseError" remote_host="remote.example"`)
	f("Switching https://remote.example/inbox from red to green", `circuit remote_host="remote.example"`)
	f("Switching source:x from green to red because E", "skipped: log message")
	f("Switching to the other plan from here to there", "skipped: log message")

	f(`Could not log "process_action.action_controller" event. JSON::GeneratorError: partial character in source ["x"]`, `log_failure error="JSON::GeneratorError"`)
	f("Could not log anything", "skipped: log message")
	f("Error parsing Collection-Synchronization header", "skipped: log message")
}

// What is said of a process, its commands and its exceptions is no record, whatever it holds.
func TestNoise(t *testing.T) {
	for line, want := range map[string]string{
		"=> Booting Puma":                                                    skipBanner,
		"Puma starting in cluster mode...":                                   skipBanner,
		"[17] Puma starting in cluster mode...":                              skipBanner,
		"[17] - Worker 0 (PID: 31) booted in 0.1s, phase: 0":                 skipBanner,
		"* Listening on http://127.0.0.1:3000":                               skipBanner,
		"Use Ctrl-C to stop":                                                 skipBanner,
		"[paperclip] Trying to link /tmp/a.png to /tmp/b.png":                skipCommand,
		"Command :: file -b --mime '/tmp/a'":                                 skipCommand,
		"ERROR Statement <a> <b> <c> is invalid":                             skipStatement,
		"/opt/mastodon/app/x.rb:12: warning: method redefined":               skipWarning,
		"/opt/mastodon/vendor/x.rb:196:in `execute_job'":                     skipException,
		"app/x.rb:29:in 'ActivityPub::InboxesController#create'":             skipException,
		"    raise NoMethodError, \"status=200 key=https://evil.example/x\"": skipContinuation,
	} {
		equal(t, said(t, pipeline.FormatRails, line), "skipped: "+want)
		equal(t, said(t, pipeline.FormatSidekiq, line), "skipped: "+want)
	}
}
