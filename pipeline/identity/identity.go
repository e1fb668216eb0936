package identity

import "github.com/fedwarden/fedwarden/pipeline"

// Options are the bounds of an Identity; a zero field takes its default.
type Options struct {
	// Secret is the key of hashes that are persisted. None is: tables are in the order of arrival, and what
	// finds a name in them is a map of this process.
	Secret pipeline.Secret
	// MaxSites bounds the sites with an address history. Default 20,000: about 5 MB when all have one or two
	// addresses, 25 MB at the very worst.
	MaxSites int
	// MaxCache bounds the bytes of the host cache. Default 8 MB, about 40,000 hosts.
	MaxCache int
	// MaxShared is for how many sites one address may stand. Default 64.
	MaxShared int
}

const (
	defaultSites  = 20_000
	defaultCache  = 8 << 20
	defaultShared = 64
)

// An Identity is a pipeline.Identifier, a Prover and a Scheduler.
type Identity struct {
	cache cache
	table table
}

var (
	_ pipeline.Identifier = (*Identity)(nil)
	_ pipeline.Prover     = (*Identity)(nil)
	_ pipeline.Scheduler  = (*Identity)(nil)
)

// New returns an Identity that knows nobody.
func New(o Options) *Identity {
	id := &Identity{}
	id.cache.limit = orDefault(o.MaxCache, defaultCache)
	id.cache.clear()
	id.table = newTable(orDefault(o.MaxSites, defaultSites), orDefault(o.MaxShared, defaultShared))
	return id
}

func orDefault(n, fallback int) int {
	if n > 0 {
		return n
	}
	return fallback
}

// Enrich sets Domain, Site, Actor, ClaimedBy and Level, and learns from e.
func (id *Identity) Enrich(e *pipeline.Event) {
	e.Domain, e.Site, e.Actor, e.ClaimedBy, e.Level = "", "", "", pipeline.ClaimNone, pipeline.AttributionNone
	if e.Kind == pipeline.KindJobError {
		id.target(e)
		return
	}
	var key, agent *host
	if e.KeyHost != "" {
		key = id.cache.host(e.KeyHost)
	}
	switch e.AgentHost {
	case "":
	case e.KeyHost:
		agent = key
	default:
		agent = id.cache.host(e.AgentHost)
	}
	who := key
	switch {
	case key.named():
		e.ClaimedBy = pipeline.ClaimKeyID
		e.Actor = actorOf(e.KeyID, key.domain)
	case agent.named():
		who, e.ClaimedBy = agent, pipeline.ClaimUserAgent
	default:
		if e.IP.IsValid() {
			e.Level = pipeline.IPOnly
		}
		return
	}
	e.Domain, e.Site = who.domain, who.site
	e.Level = id.level(e, who, agrees(e, key, agent))
}

// target names whom a failed job asked in vain: a host that anybody may have put into a post. Nobody claims to be it, so
// it has no level, and nothing is learned of it.
func (id *Identity) target(e *pipeline.Event) {
	if e.RemoteHost == "" {
		return
	}
	if h := id.cache.host(e.RemoteHost); h.named() {
		e.Domain, e.Site = h.domain, h.site
	}
}

// agrees reports whether key id and agent, where both are logged, name one site.
func agrees(e *pipeline.Event, key, agent *host) bool {
	if e.KeyID == "" && e.KeyHost == "" || e.AgentHost == "" {
		return true
	}
	return key.named() && agent.named() && key.site == agent.site
}

// level learns from e, in which who is named, and says how sure that is.
func (id *Identity) level(e *pipeline.Event, who *host, agreed bool) pipeline.Attribution {
	proven := e.Verified == pipeline.VerdictYes && e.ClaimedBy == pipeline.ClaimKeyID
	corroborated := false
	if e.Time > 0 && agreed && e.Verified != pipeline.VerdictNo && !isRefused(e) {
		corroborated = id.look(e, who, proven)
	}
	switch {
	case proven:
		return pipeline.Verified
	case corroborated:
		return pipeline.Corroborated
	}
	return pipeline.Claimed
}

// look learns from e, which was not refused, and reports whether its name is corroborated.
func (id *Identity) look(e *pipeline.Event, who *host, proven bool) bool {
	delivered := isAccepted(e)
	switch {
	case e.Format == pipeline.FormatRails && !e.IP.IsValid():
		s := id.table.find(who)
		return s != nil && delivered && e.ClaimedBy == pipeline.ClaimKeyID && s.tally.rails(e.Time)
	case !isOwned(e.IP):
		return false
	case !delivered:
		s := id.table.find(who)
		return s != nil && id.table.corroborates(s, keyOf(e.IP), hourOf(e.Time))
	}
	s := id.table.site(who, hourOf(e.Time))
	if s == nil {
		return false
	}
	ok := id.table.deliver(s, keyOf(e.IP), hourOf(e.Time), proven)
	if ok && e.Format == pipeline.FormatNginx && e.AgentHost != "" {
		s.tally.nginx(e.Time)
	}
	return ok
}

// isRefused reports whether the answer to e says that its name was not believed, or not even looked at.
func isRefused(e *pipeline.Event) bool {
	switch e.Status {
	case 400, 401, 403, 503:
		return true
	}
	return isDelivery(e) && !isOK(e)
}

func isDelivery(e *pipeline.Event) bool {
	return e.Kind == pipeline.KindRequest && e.Method == pipeline.MethodPost && e.Endpoint.IsInbox()
}

func isOK(e *pipeline.Event) bool { return e.Status >= 200 && e.Status < 300 }

func isAccepted(e *pipeline.Event) bool { return isDelivery(e) && isOK(e) }

// Level returns how sure it is that f's entity did what f's evidence shows: for a name, what each event
// behind f has, for detectors judge proven and claimed events apart; and an address is an address.
func (id *Identity) Level(f *pipeline.Finding, _ pipeline.Time) pipeline.Attribution {
	switch {
	case f.Key.Type.IsName() && f.Evidence.Part >= pipeline.Corroborated:
		return f.Evidence.Part
	case f.Key.Type.IsName():
		return pipeline.Claimed
	case f.Key.Type.IsParty():
		return pipeline.IPOnly
	}
	return pipeline.AttributionNone
}

// Provable reports that no proof is on its way: what can be proven is proven when an event comes.
func (id *Identity) Provable(*pipeline.Finding) bool { return false }

// Advance does nothing: hours and minutes close when an event comes that needs them.
func (id *Identity) Advance(pipeline.Time) {}

// Due returns never.
func (id *Identity) Due(pipeline.Time) pipeline.Time { return 0 }
