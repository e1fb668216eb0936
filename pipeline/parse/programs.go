package parse

// A program is one row of the table of user agents. Mark stands at the start, or after a blank or an
// opening bracket; the version follows it.
type program struct {
	mark     string
	software string
	host     hostRule
}

// A hostRule says how an agent names its host.
type hostRule uint8

const (
	hostURL    hostRule = iota // the last URL: "+https://HOST/", "; https://HOST", "(https://HOST)"
	hostNone                   // not at all; a URL in it is the project's
	hostPlus                   // "+HOST", scheme or not
	hostLast                   // "; HOST)", no scheme
	hostDashed                 // " - HOST", no scheme
)

// programs are the known agents; the first row whose mark is there counts, so that what wears another's
// name, as a compatible server does, comes before it.
var programs = [...]program{
	{"Wildebeest/", "wildebeest", hostPlus},         // Wildebeest/V (Mastodon/V; +HOST)
	{"Mastodon/", "mastodon", hostURL},              // both orders; glitch-soc and hometown by version
	{"Pleroma ", "pleroma", hostURL},                // Pleroma V; https://HOST <mail>
	{"Akkoma ", "akkoma", hostURL},                  // same
	{"Misskey/", "misskey", hostURL},                // Misskey/V (https://HOST), and its forks:
	{"Firefish/", "firefish", hostURL},              //
	{"Iceshrimp/", "iceshrimp", hostURL},            //
	{"Iceshrimp.NET/", "iceshrimp", hostURL},        //
	{"Sharkey/", "sharkey", hostURL},                //
	{"CherryPick/", "cherrypick", hostURL},          //
	{"FoundKey/", "foundkey", hostURL},              //
	{"Foundkey/", "foundkey", hostURL},              //
	{"Lemmy/", "lemmy", hostURL},                    // Lemmy/V; +https://HOST
	{"kbinBot v", "kbin", hostNone},                 // kbinBot v0.1 - https://kbin.pub
	{"Mbin/", "mbin", hostURL},                      // Mbin/V (+https://HOST/agent)
	{"PeerTube/", "peertube", hostURL},              // PeerTube/V (+https://HOST)
	{"PixelfedBot v", "pixelfed", hostNone},         // PixelfedBot v0.1 - https://pixelfed.org
	{"Pixelfed/", "pixelfed", hostURL},              // (Pixelfed/V; +https://HOST), also after PixelFedBot/V
	{"gotosocial/", "gotosocial", hostURL},          // gotosocial/V (+https://HOST)
	{"Friendica/", "friendica", hostURL},            // Friendica/V DatabaseVersion/N Request/TYPE +https://HOST
	{"Friendica '", "friendica", hostURL},           // Friendica 'NAME' V; https://HOST
	{"WordPress/", "wordpress", hostURL},            // WordPress/V; https://BLOG; ActivityPub
	{"BookWyrm/", "bookwyrm", hostURL},              // BookWyrm (BookWyrm/V; +https://HOST)
	{"Mobilizon ", "mobilizon", hostDashed},         // Mobilizon V - HOST
	{"WriteFreely/", "writefreely", hostURL},        // Go (WriteFreely/V; +https://HOST)
	{"Takahe/", "takahe", hostURL},                  // python-httpx/V (Takahe/V; +https://HOST/)
	{"Bridgy Fed", "bridgy-fed", hostURL},           // Bridgy Fed (https://fed.brid.gy/): a bridge is its own host
	{"facebookexternalua", "threads", hostNone},     //
	{"snac/", "snac", hostURL},                      // snac/V
	{"Activity-Relay ", "activity-relay", hostLast}, // NAME (golang net/http; Activity-Relay V; HOST)
	{"ActivityRelay/", "activityrelay", hostNone},   // ActivityRelay/V
	{"ap-relay/", "aoderelay", hostURL},             // AodeRelay (ap-relay/V; +https://HOST/)
	{"AodeRelay/", "aoderelay", hostURL},            // Actix Web V (AodeRelay/V; +https://HOST/)
	{"AodeRelay", "aoderelay", hostURL},             //
	{"buzzrelay/", "buzzrelay", hostURL},            // buzzrelay/V (+https://HOST)
	{"funkwhale/", "funkwhale", hostURL},            // python-requests (funkwhale/V; +https://HOST)
	{"Owncast v", "owncast", hostNone},              // Owncast vV-PLATFORM (COMMIT)
	{"activitypub.bot/", "activitypub.bot", hostNone},
	{"DiasporaFederation/", "diaspora", hostNone},
}

// projects are hosts of projects' own pages, which say nothing of who sends.
var projects = [...]string{"pixelfed.org", "kbin.pub", "github.com", "joinmastodon.org", "join-lemmy.org"}
