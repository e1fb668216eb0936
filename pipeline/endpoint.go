package pipeline

// An Endpoint is the class of a request's path: a closed list.
type Endpoint uint8

// The endpoints.
const (
	EndpointOther Endpoint = iota
	EndpointInbox
	EndpointUserInbox
	EndpointActor
	EndpointStatus
	EndpointOutbox
	EndpointCollection
	EndpointWebfinger
	EndpointNodeinfo
	EndpointMedia
	EndpointMediaProxy
	EndpointAPIPublic
	EndpointAPIAccount
	EndpointAPIPost
	EndpointTimeline
	EndpointStreaming
	EndpointSearch
	EndpointSignIn
	EndpointSignUp
	EndpointPassword
	EndpointConfirmation
	EndpointOAuth
	EndpointApps
	EndpointAdmin
	EndpointStatic
	EndpointProfilePage
	EndpointTagPage
)

// NumEndpoints is how many endpoints there are.
const NumEndpoints = int(EndpointTagPage) + 1

var endpointNames = [...]string{"other", "inbox", "user_inbox", "actor", "status", "outbox", "collection",
	"webfinger", "nodeinfo", "media", "media_proxy", "api_public", "api_account", "api_post", "timeline",
	"streaming", "search", "sign_in", "sign_up", "password", "confirmation", "oauth", "apps", "admin",
	"static", "profile_page", "tag_page"}

// String returns the endpoint's name.
func (e Endpoint) String() string { return endpointNames[e] }

// IsInbox reports whether deliveries go to e.
func (e Endpoint) IsInbox() bool { return e == EndpointInbox || e == EndpointUserInbox }

// IsDynamic reports whether e costs the application, not only the web server.
func (e Endpoint) IsDynamic() bool { return e != EndpointStatic && e != EndpointMedia }
