package simulate

import "strings"

// A route is where a request goes, and what it is usually answered.
type route struct {
	prefix     string // of the path; the longest that fits counts
	method     string // "" is any
	static     bool   // nginx or the streaming server answers; Rails never sees it
	cached     float64
	controller string
	action     string
	format     string
	status     int
	bytes      float64 // the median of the answer's
	ms         float64 // the median that Puma needs
	sigma      float64
}

// ownRoutes are where what is in no table goes: deliveries, and what has no route, which Rails answers too.
var ownRoutes = [...]route{
	toInbox:   {prefix: "/inbox", controller: "ActivityPub::InboxesController", action: "create", format: "html", ms: 22, sigma: 0.5},
	toNowhere: {controller: "ApplicationController", action: "raise_not_found", format: "html", status: 404, bytes: 1989, ms: 4, sigma: 0.5},
}

const (
	toInbox = iota
	toNowhere
)

// routes are the paths of Mastodon. Latencies and sizes are assumptions, ordered by what the actions do; the share that
// nginx answers out of its cache follows from dist/nginx.conf's proxy_cache and from which answers are public.
var routes = [...]route{
	{"/system/", "", true, 0, "", "", "", 200, 60000, 0, 0},
	{"/packs/", "", true, 0, "", "", "", 200, 45000, 0, 0},
	{"/assets/", "", true, 0, "", "", "", 200, 20000, 0, 0},
	{"/avatars/", "", true, 0, "", "", "", 200, 9000, 0, 0},
	{"/emoji/", "", true, 0, "", "", "", 200, 2400, 0, 0},
	{"/favicon.ico", "", true, 0, "", "", "", 200, 4286, 0, 0},
	{"/robots.txt", "", true, 0, "", "", "", 200, 90, 0, 0},
	{"/sw.js", "", true, 0, "", "", "", 200, 30000, 0, 0},
	{"/api/v1/streaming", "", true, 0, "", "", "", 101, 9000, 0, 0},
	{"/users/", "GET", false, 0.35, "AccountsController", "show", "json", 200, 3100, 14, 0.5},
	{"/users/:u/statuses/", "GET", false, 0.35, "StatusesController", "show", "json", 200, 2600, 22, 0.6},
	{"/users/:u/followers", "GET", false, 0, "FollowerAccountsController", "index", "json", 200, 900, 25, 0.6},
	{"/users/:u/following", "GET", false, 0, "FollowingAccountsController", "index", "json", 200, 900, 25, 0.6},
	{"/users/:u/outbox", "GET", false, 0, "ActivityPub::OutboxesController", "show", "json", 200, 12000, 60, 0.7},
	{"/users/:u/collections/", "GET", false, 0.2, "ActivityPub::CollectionsController", "show", "json", 200, 1500, 20, 0.5},
	{"/users/:u/followers_synchronization", "GET", false, 0, "ActivityPub::FollowersSynchronizationsController", "show", "json", 200, 400, 25, 0.5},
	{"/actor", "GET", false, 0.6, "InstanceActorsController", "show", "json", 200, 1700, 5, 0.4},
	{"/.well-known/webfinger", "", false, 0, "WellKnown::WebfingerController", "show", "json", 200, 480, 6, 0.4},
	{"/.well-known/host-meta", "", false, 0.5, "WellKnown::HostMetaController", "show", "xml", 200, 210, 3, 0.4},
	{"/.well-known/nodeinfo", "", false, 0.5, "WellKnown::NodeInfoController", "index", "json", 200, 140, 3, 0.4},
	{"/nodeinfo/", "", false, 0.2, "WellKnown::NodeInfoController", "show", "json", 200, 600, 8, 0.5},
	{"/@", "GET", false, 0.1, "AccountsController", "show", "html", 200, 9500, 45, 0.5},
	{"/@:u/", "GET", false, 0.2, "StatusesController", "show", "html", 200, 11000, 55, 0.5},
	{"/tags/", "GET", false, 0, "TagsController", "show", "html", 200, 9000, 40, 0.5},
	{"/explore", "GET", false, 0, "HomeController", "index", "html", 200, 9000, 30, 0.4},
	{"/public", "GET", false, 0, "HomeController", "index", "html", 200, 9000, 30, 0.4},
	{"/about", "GET", false, 0.1, "AboutController", "show", "html", 200, 9000, 25, 0.4},
	{"/home", "GET", false, 0, "HomeController", "index", "html", 200, 24000, 50, 0.4},
	{"/health", "GET", false, 0, "HealthController", "show", "html", 200, 2, 2, 0.3},
	{"/media_proxy/", "", false, 0, "MediaProxyController", "show", "html", 302, 120, 30, 1.0},
	{"/auth/sign_in", "GET", false, 0, "Auth::SessionsController", "new", "html", 200, 8200, 25, 0.4},
	{"/auth/sign_in", "POST", false, 0, "Auth::SessionsController", "create", "html", 200, 8300, 260, 0.25},
	{"/auth/sign_out", "", false, 0, "Auth::SessionsController", "destroy", "html", 302, 120, 25, 0.4},
	{"/auth/sign_up", "GET", false, 0, "Auth::RegistrationsController", "new", "html", 200, 9800, 30, 0.4},
	{"/auth", "POST", false, 0, "Auth::RegistrationsController", "create", "html", 302, 120, 420, 0.3},
	{"/auth", "PUT", false, 0, "Auth::RegistrationsController", "update", "html", 302, 120, 380, 0.3},
	{"/auth/password", "POST", false, 0, "Auth::PasswordsController", "create", "html", 302, 120, 60, 0.4},
	{"/auth/password", "PUT", false, 0, "Auth::PasswordsController", "update", "html", 302, 120, 330, 0.3},
	{"/auth/password", "GET", false, 0, "Auth::PasswordsController", "new", "html", 200, 7000, 22, 0.4},
	{"/auth/confirmation", "", false, 0, "Auth::ConfirmationsController", "show", "html", 302, 120, 40, 0.4},
	{"/auth/setup", "", false, 0, "Auth::SetupController", "show", "html", 200, 7000, 30, 0.4},
	{"/auth/edit", "GET", false, 0, "Auth::RegistrationsController", "edit", "html", 200, 12000, 45, 0.4},
	{"/oauth/authorize", "", false, 0, "Oauth::AuthorizationsController", "new", "html", 200, 6000, 30, 0.4},
	{"/oauth/token", "POST", false, 0, "Oauth::TokensController", "create", "json", 200, 180, 45, 0.4},
	{"/oauth/revoke", "POST", false, 0, "Oauth::TokensController", "revoke", "json", 200, 2, 20, 0.4},
	{"/settings/", "", false, 0, "Settings::PreferencesController", "show", "html", 200, 14000, 50, 0.4},
	{"/settings/exports", "", false, 0, "Settings::ExportsController", "show", "html", 200, 14000, 60, 0.4},
	{"/admin/", "", false, 0, "Admin::DashboardController", "index", "html", 200, 30000, 120, 0.6},
	{"/api/v1/apps", "POST", false, 0, "Api::V1::AppsController", "create", "json", 200, 420, 12, 0.4},
	{"/api/v1/accounts", "POST", false, 0, "Api::V1::AccountsController", "create", "json", 403, 60, 20, 0.4},
	{"/api/v1/accounts/", "GET", false, 0, "Api::V1::AccountsController", "show", "json", 200, 1900, 18, 0.5},
	{"/api/v1/accounts/", "POST", false, 0, "Api::V1::AccountsController", "follow", "json", 200, 300, 40, 0.5},
	{"/api/v1/accounts/verify_credentials", "", false, 0, "Api::V1::Accounts::CredentialsController", "show", "json", 200, 1800, 14, 0.4},
	{"/api/v1/accounts/relationships", "", false, 0, "Api::V1::Accounts::RelationshipsController", "index", "json", 200, 900, 14, 0.4},
	{"/api/v1/timelines/", "", false, 0, "Api::V1::Timelines::HomeController", "show", "json", 200, 28000, 75, 0.5},
	{"/api/v1/timelines/tag/", "", false, 0, "Api::V1::Timelines::TagController", "show", "json", 200, 26000, 80, 0.5},
	{"/api/v1/timelines/public", "", false, 0, "Api::V1::Timelines::PublicController", "show", "json", 200, 27000, 80, 0.5},
	{"/api/v1/notifications", "", false, 0, "Api::V1::NotificationsController", "index", "json", 200, 14000, 45, 0.5},
	{"/api/v2/notifications", "", false, 0, "Api::V2::NotificationsController", "index", "json", 200, 15000, 50, 0.5},
	{"/api/v1/statuses", "POST", false, 0, "Api::V1::StatusesController", "create", "json", 200, 2100, 95, 0.4},
	{"/api/v1/statuses/", "GET", false, 0, "Api::V1::StatusesController", "show", "json", 200, 2000, 18, 0.5},
	{"/api/v1/statuses/", "POST", false, 0, "Api::V1::Statuses::FavouritesController", "create", "json", 200, 2100, 35, 0.5},
	{"/api/v1/statuses/", "DELETE", false, 0, "Api::V1::StatusesController", "destroy", "json", 200, 1400, 45, 0.5},
	{"/api/v2/media", "POST", false, 0, "Api::V2::MediaController", "create", "json", 202, 620, 160, 0.6},
	{"/api/v2/search", "", false, 0, "Api::V2::SearchController", "index", "json", 200, 4000, 110, 0.8},
	{"/api/v1/markers", "", false, 0, "Api::V1::MarkersController", "create", "json", 200, 160, 12, 0.4},
	{"/api/v1/instance", "", false, 0.1, "Api::V1::InstancesController", "show", "json", 200, 3300, 25, 0.4},
	{"/api/v2/instance", "", false, 0.1, "Api::V2::InstancesController", "show", "json", 200, 4300, 25, 0.4},
	{"/api/v1/instance/peers", "", false, 0.1, "Api::V1::Instances::PeersController", "index", "json", 200, 60000, 60, 0.4},
	{"/api/v1/custom_emojis", "", false, 0.3, "Api::V1::CustomEmojisController", "index", "json", 200, 9000, 20, 0.4},
	{"/api/v1/trends/", "", false, 0.1, "Api::V1::Trends::TagsController", "index", "json", 200, 5000, 30, 0.4},
	{"/api/v1/lists", "", false, 0, "Api::V1::ListsController", "index", "json", 200, 200, 10, 0.4},
	{"/api/v1/filters", "", false, 0, "Api::V2::FiltersController", "index", "json", 200, 120, 10, 0.4},
}

// routeOf returns where a request goes.
func routeOf(method, path string) *route {
	path = beforeQuery(path)
	if path == "/" {
		return routeOf("GET", "/about")
	}
	if path == "/inbox" || path == "/actor/inbox" || strings.HasSuffix(path, "/inbox") {
		return &ownRoutes[toInbox]
	}
	best, length := &ownRoutes[toNowhere], 0
	for i := range routes {
		r := &routes[i]
		if len(r.prefix) > length && (r.method == "" || r.method == method || r.method == "GET" && method == "HEAD") && fits(r.prefix, path) {
			best, length = r, len(r.prefix)
		}
	}
	return best
}

// fits reports whether path begins with prefix, in which ":u" is one segment or the rest of one. A prefix that does not
// end in a slash, or in @, is a whole segment.
func fits(prefix, path string) bool {
	head, tail, named := strings.Cut(prefix, ":u")
	if !strings.HasPrefix(path, head) {
		return false
	}
	rest := path[len(head):]
	if !named {
		last := prefix[len(prefix)-1]
		return rest == "" || last == '/' || last == '@' || rest[0] == '/'
	}
	slash := strings.IndexByte(rest, '/')
	return slash > 0 && strings.HasPrefix(rest[slash:], tail) && (tail != "/" || len(rest) > slash+1)
}
