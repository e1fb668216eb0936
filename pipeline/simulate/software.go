package simulate

import "strconv"

// A software is how one kind of server names itself and its actors, and how it comes again. The templates are those of
// the projects' own sources; % is the version and @ the host.
type software struct {
	name     string
	share    float64 // of the servers: an assumption, after what public directories show of the fediverse
	agent    string
	versions []string // ascending
	actor    string   // the path of an actor up to its name
	key      string   // what follows the name in a key id
	numbered bool     // names are ids, not words
	personal float64  // how often it delivers to a local account's inbox instead of the shared one
	backoff  backoff
}

// A backoff is how long a sender waits before its n-th retry (from 1).
type backoff func(n int, r *stream) moment

// mastodonBackoff is app/workers/concerns/exponential_backoff.rb: 15 + 10n⁴ + rand(10n⁴) seconds, n from 0.
func mastodonBackoff(n int, r *stream) moment {
	k := float64(n - 1)
	k = 10 * k * k * k * k
	return seconds(15 + k + r.float()*k)
}

// sidekiqBackoff is Sidekiq's own: n⁴ + 15 + rand(10)·(n+1) seconds, n from 0. Oban's and Celery's are of that order.
func sidekiqBackoff(n int, r *stream) moment {
	k := float64(n - 1)
	return seconds(k*k*k*k + 15 + 10*r.float()*(k+1))
}

// bullBackoff is Misskey's: (2ⁿ-1) minutes, up to eight hours, jittered by a fifth.
func bullBackoff(n int, r *stream) moment {
	m := min(float64(uint(1)<<min(n, 12)-1), 480)
	return seconds(60 * m * (1 + 0.2*(2*r.float()-1)))
}

// steadyBackoff comes every few minutes: the small ones' habit, an assumption.
func steadyBackoff(n int, r *stream) moment { return seconds(120 * float64(n) * r.between(0.8, 1.2)) }

// maxRetries is how often a sender comes again: Mastodon's DeliveryWorker has 16.
const maxRetries = 16

var softwares = []software{
	{"mastodon", 0.50, "Mastodon/% (http.rb/5.3.1; +https://@/)", []string{"4.3.8", "4.4.4", "4.4.12", "4.5.1", "4.5.3", "4.5.9", "4.6.2", "4.6.5"}, "/users/", "#main-key", false, 0.06, mastodonBackoff},
	{"mastodon", 0.08, "http.rb/5.1.1 (Mastodon/%; +https://@/)", []string{"4.0.2", "4.1.9", "4.2.1", "4.2.10", "4.2.17"}, "/users/", "#main-key", false, 0.06, mastodonBackoff},
	{"glitch", 0.03, "Mastodon/%+glitch (http.rb/5.3.1; +https://@/)", []string{"4.5.0-alpha.1", "4.5.3", "4.6.0", "4.6.5"}, "/users/", "#main-key", false, 0.06, mastodonBackoff},
	{"misskey", 0.07, "Misskey/% (https://@)", []string{"2024.2.0", "2024.11.0", "2025.4.1", "2026.3.0"}, "/users/", "#main-key", true, 0.10, bullBackoff},
	{"sharkey", 0.03, "Sharkey/% (https://@)", []string{"2024.9.1", "2025.2.3", "2025.4.4"}, "/users/", "#main-key", true, 0.10, bullBackoff},
	{"gotosocial", 0.06, "gotosocial/%+git-3f1c8d2 (+https://@)", []string{"0.17.3", "0.18.2", "0.19.1", "0.20.0"}, "/users/", "/main-key", false, 0.35, steadyBackoff},
	{"pleroma", 0.03, "Pleroma %; https://@ <admin@@>", []string{"2.6.2", "2.7.0", "2.9.1"}, "/users/", "#main-key", false, 0.15, sidekiqBackoff},
	{"akkoma", 0.03, "Akkoma %-0-gebfb617; https://@ <admin@@>", []string{"3.10.4", "3.13.2", "3.15.0"}, "/users/", "#main-key", false, 0.15, sidekiqBackoff},
	{"wordpress", 0.05, "WordPress/%; https://@; ActivityPub", []string{"6.6.2", "6.7.1", "6.8.3"}, "/author/", "#main-key", false, 0.60, steadyBackoff},
	{"lemmy", 0.03, "Lemmy/%; +https://@", []string{"0.19.3", "0.19.9", "0.19.13"}, "/u/", "#main-key", false, 0.30, bullBackoff},
	{"pixelfed", 0.03, "(Pixelfed/%; +https://@)", []string{"0.11.9", "0.12.3", "0.12.5"}, "/users/", "#main-key", false, 0.20, steadyBackoff},
	{"peertube", 0.03, "PeerTube/% (+https://@)", []string{"6.2.1", "7.0.0", "7.3.0"}, "/accounts/", "#main-key", false, 0.20, steadyBackoff},
	{"friendica", 0.02, "Friendica/% DatabaseVersion/1571 Request/activitypub +https://@", []string{"2024.08", "2024.12"}, "/profile/", "#main-key", false, 0.40, steadyBackoff},
	{"snac", 0.01, "snac/%", []string{"2.52", "2.70"}, "/", "#main-key", false, 0.50, steadyBackoff},
	{"ghost", 0.01, "Ghost/% (Fedify/1.4.0; Node.js/v22.1.0; +https://@/)", []string{"0.1.0", "6.0.3"}, "/.ghost/activitypub/users/", "#main-key", false, 0.30, steadyBackoff},
	{"bookwyrm", 0.005, "BookWyrm (BookWyrm/%; +https://@/)", []string{"0.7.5"}, "/user/", "#main-key", false, 0.30, sidekiqBackoff},
	{"relay", 0.002, "AodeRelay (ap-relay/v%; +https://@/)", []string{"0.3.116"}, "/actor", "#main-key", false, 0, steadyBackoff},
}

// softwareNamed returns the first software of that name, or nil.
func softwareNamed(name string) *software {
	for i := range softwares {
		if softwares[i].name == name {
			return &softwares[i]
		}
	}
	return nil
}

// agentOf fills a template.
func (s *software) agentOf(host string, version int) string {
	var b []byte
	for i := range len(s.agent) {
		switch c := s.agent[i]; {
		case c == '%':
			b = s.appendVersion(b, version)
		case c == '@' && i > 0 && s.agent[i-1] == 'n': // admin@
			b = append(b, c)
		case c == '@':
			b = append(b, host...)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// appendVersion appends a version: one of the table, or what comes after the last.
func (s *software) appendVersion(b []byte, n int) []byte {
	last := len(s.versions) - 1
	b = append(b, s.versions[min(n, last)]...)
	if n > last {
		patch := len(b)
		for b[patch-1]-'0' <= 9 {
			patch--
		}
		old, _ := strconv.Atoi(string(b[patch:]))
		b = strconv.AppendInt(b[:patch], int64(old+n-last), 10)
	}
	return b
}

// appendActor appends the URL of the i-th actor of a host.
func (s *software) appendActor(b []byte, host string, seed uint64, i int) []byte {
	b = append(append(append(b, "https://"...), host...), s.actor...)
	switch h := mix(seed + uint64(i)*0x9e3779b97f4a7c15); {
	case s.name == "relay":
		return b
	case s.numbered:
		return appendBase36(b, h|1<<63, 10)
	default:
		return appendName(b, h)
	}
}

// appendKey appends the key id of the i-th actor of a host.
func (s *software) appendKey(b []byte, host string, seed uint64, i int) []byte {
	return append(s.appendActor(b, host, seed, i), s.key...)
}

func appendBase36(b []byte, h uint64, n int) []byte {
	for range n {
		b = append(b, "0123456789abcdefghijklmnopqrstuvwxyz"[h%36])
		h /= 36
	}
	return b
}

var syllables = [...]string{"ka", "mi", "ro", "len", "ta", "su", "vi", "ner", "do", "pa", "ri", "mon", "el", "ja", "ko", "fi", "sa", "be", "lu", "an",
	"tho", "ge", "wen", "ya", "chi", "os", "ma", "ri", "na", "ze", "pi", "cor"}

// appendName appends a word that could be somebody's name: two to four syllables, sometimes a number.
func appendName(b []byte, h uint64) []byte {
	for range 2 + h%3 {
		h = h>>5 ^ h<<59
		b = append(b, syllables[h%uint64(len(syllables))]...)
	}
	if h>>20&3 == 0 {
		b = strconv.AppendUint(b, h>>32%1000, 10)
	}
	return b
}
