package parse

import "github.com/fedwarden/fedwarden/pipeline"

// A route is one row of the table of paths. Rest are the segments after the first: ":u" is one segment
// that names a local account, "*" any one segment, "**" whatever follows, nothing included.
type route struct {
	method   pipeline.Method // MethodUnknown is any
	rest     []string
	endpoint pipeline.Endpoint
}

// The methods that the table names; every is any of them.
const (
	every = pipeline.MethodUnknown
	post  = pipeline.MethodPost
	put   = pipeline.MethodPut
	patch = pipeline.MethodPatch
)

// tree is all paths below a first segment.
var tree = []string{"**"}

// routes are the paths of a Mastodon server by their first segment; the first row that fits counts.
var routes = map[string][]route{
	"inbox": {{every, nil, pipeline.EndpointInbox}},
	"actor": {
		{every, []string{"inbox"}, pipeline.EndpointInbox}, // the instance actor's is a shared inbox
		{every, []string{"outbox"}, pipeline.EndpointOutbox},
		{every, nil, pipeline.EndpointActor},
	},
	"users": { // and /ap/users/:id since 4.5
		{every, []string{":u", "inbox"}, pipeline.EndpointUserInbox},
		{every, []string{":u"}, pipeline.EndpointActor},
		{every, []string{":u", "statuses", "*", "replies", "**"}, pipeline.EndpointCollection},
		{every, []string{":u", "statuses", "*", "likes", "**"}, pipeline.EndpointCollection},
		{every, []string{":u", "statuses", "*", "shares", "**"}, pipeline.EndpointCollection},
		{every, []string{":u", "statuses", "*", "**"}, pipeline.EndpointStatus}, // activity, embed
		{every, []string{":u", "quote_authorizations", "*"}, pipeline.EndpointStatus},
		{every, []string{":u", "outbox"}, pipeline.EndpointOutbox},
		{every, []string{":u", "followers"}, pipeline.EndpointCollection},
		{every, []string{":u", "following"}, pipeline.EndpointCollection},
		{every, []string{":u", "followers_synchronization"}, pipeline.EndpointCollection},
		{every, []string{":u", "collections", "**"}, pipeline.EndpointCollection},
		{every, []string{":u", "featured_collections", "**"}, pipeline.EndpointCollection},
	},
	"contexts":    {{every, tree, pipeline.EndpointCollection}},
	"collections": {{every, tree, pipeline.EndpointCollection}},
	".well-known": {
		{every, []string{"webfinger"}, pipeline.EndpointWebfinger},
		{every, []string{"host-meta"}, pipeline.EndpointWebfinger},
		{every, []string{"nodeinfo"}, pipeline.EndpointNodeinfo},
		{every, []string{"oauth-authorization-server"}, pipeline.EndpointOAuth},
		{every, []string{"change-password"}, pipeline.EndpointPassword},
	},
	"nodeinfo": {{every, tree, pipeline.EndpointNodeinfo}},
	"tags":     {{every, []string{"*", "**"}, pipeline.EndpointTagPage}},

	"system":            {{every, tree, pipeline.EndpointMedia}},
	"media_attachments": {{every, tree, pipeline.EndpointMedia}},
	"media":             {{every, tree, pipeline.EndpointMedia}},
	"media_proxy":       {{every, tree, pipeline.EndpointMediaProxy}},

	"auth": {
		{every, []string{"sign_in", "**"}, pipeline.EndpointSignIn},
		{every, []string{"sessions", "**"}, pipeline.EndpointSignIn}, // security_key_options
		{every, []string{"auth", "**"}, pipeline.EndpointSignIn},     // single sign-on
		{every, []string{"sign_up", "**"}, pipeline.EndpointSignUp},
		{post, nil, pipeline.EndpointSignUp},
		{put, nil, pipeline.EndpointPassword}, // change of password or mail address
		{patch, nil, pipeline.EndpointPassword},
		{every, []string{"password", "**"}, pipeline.EndpointPassword},
		{every, []string{"challenge", "**"}, pipeline.EndpointPassword},
		{every, []string{"confirmation", "**"}, pipeline.EndpointConfirmation},
		{every, []string{"captcha_confirmation", "**"}, pipeline.EndpointConfirmation},
		{every, []string{"setup", "**"}, pipeline.EndpointConfirmation},
	},
	"oauth":   {{every, tree, pipeline.EndpointOAuth}},
	"admin":   {{every, tree, pipeline.EndpointAdmin}},
	"sidekiq": {{every, tree, pipeline.EndpointAdmin}},
	"pghero":  {{every, tree, pipeline.EndpointAdmin}},

	"packs":             {{every, tree, pipeline.EndpointStatic}},
	"packs-dev":         {{every, tree, pipeline.EndpointStatic}},
	"assets":            {{every, tree, pipeline.EndpointStatic}},
	"emoji":             {{every, tree, pipeline.EndpointStatic}},
	"avatars":           {{every, tree, pipeline.EndpointStatic}},
	"headers":           {{every, tree, pipeline.EndpointStatic}},
	"sounds":            {{every, tree, pipeline.EndpointStatic}},
	"shortcuts":         {{every, tree, pipeline.EndpointStatic}},
	"ocr":               {{every, tree, pipeline.EndpointStatic}},
	"css":               {{every, tree, pipeline.EndpointStatic}},
	"badge.png":         {{every, nil, pipeline.EndpointStatic}},
	"browserconfig.xml": {{every, nil, pipeline.EndpointStatic}},
	"custom.css":        {{every, nil, pipeline.EndpointStatic}},
	"embed.js":          {{every, nil, pipeline.EndpointStatic}},
	"favicon.ico":       {{every, nil, pipeline.EndpointStatic}},
	"inert.css":         {{every, nil, pipeline.EndpointStatic}},
	"manifest":          {{every, nil, pipeline.EndpointStatic}},
	"oops.gif":          {{every, nil, pipeline.EndpointStatic}},
	"oops.png":          {{every, nil, pipeline.EndpointStatic}},
	"robots.txt":        {{every, nil, pipeline.EndpointStatic}},
	"sw.js":             {{every, nil, pipeline.EndpointStatic}},
	"sw.js.map":         {{every, nil, pipeline.EndpointStatic}},
}

// apiRoutes are the paths below /api/v1, /api/v2 and so on by the segment after the version.
var apiRoutes = map[string][]route{
	"accounts": {
		{post, nil, pipeline.EndpointSignUp}, // by an app
		{every, []string{"search"}, pipeline.EndpointSearch},
		{every, tree, pipeline.EndpointAPIAccount},
	},
	"admin": {{every, tree, pipeline.EndpointAdmin}},
	"apps":  {{every, tree, pipeline.EndpointApps}},
	"emails": {
		{every, []string{"confirmations", "**"}, pipeline.EndpointConfirmation},
		{every, []string{"check_confirmation"}, pipeline.EndpointConfirmation},
	},
	"media":     {{every, tree, pipeline.EndpointAPIPost}},
	"search":    {{every, tree, pipeline.EndpointSearch}},
	"streaming": {{every, tree, pipeline.EndpointStreaming}},
	"timelines": {{every, tree, pipeline.EndpointTimeline}},
	"statuses": {
		{post, nil, pipeline.EndpointAPIPost},
		{put, []string{"*"}, pipeline.EndpointAPIPost}, // an edit
		{post, tree, pipeline.EndpointAPIAccount},      // favourite, reblog …
		{pipeline.MethodDelete, tree, pipeline.EndpointAPIAccount},
		{every, tree, pipeline.EndpointAPIPublic},
	},

	"custom_emojis":      {{every, tree, pipeline.EndpointAPIPublic}},
	"directory":          {{every, tree, pipeline.EndpointAPIPublic}},
	"donation_campaigns": {{every, tree, pipeline.EndpointAPIPublic}},
	"instance":           {{every, tree, pipeline.EndpointAPIPublic}},
	"peers":              {{every, tree, pipeline.EndpointAPIPublic}},
	"trends":             {{every, tree, pipeline.EndpointAPIPublic}},
}
