package identity

import "github.com/fedwarden/fedwarden/pipeline"

// Options are the bounds of an Identity; a zero field takes its default.
type Options struct {
	// Secret is the key of hashes that are persisted: of the names of deliveries and aliases, and of job ids.
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

// An Identity is a pipeline.Identifier, a Prover, a Hearer and a Scheduler.
type Identity struct {
	cache   cache
	table   table
	matcher matcher
}

var (
	_ pipeline.Identifier = (*Identity)(nil)
	_ pipeline.Prover     = (*Identity)(nil)
	_ pipeline.Hearer     = (*Identity)(nil)
	_ pipeline.Scheduler  = (*Identity)(nil)
)

// New returns an Identity that knows nobody.
func New(o Options) *Identity {
	id := &Identity{matcher: newMatcher(o.Secret)}
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
	if e.Time > 0 {
		id.matcher.see(e)
	}
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
	e.Level = id.level(e, who, agent)
	if e.Level < pipeline.Corroborated && e.Format == pipeline.FormatRails {
		id.matcher.deliver(e, who)
	}
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

// level learns from e, in which who is named, and says how sure that is.
func (id *Identity) level(e *pipeline.Event, who, agent *host) pipeline.Attribution {
	proven := e.Verified == pipeline.VerdictYes && e.ClaimedBy == pipeline.ClaimKeyID
	if e.Format == pipeline.FormatRails && !e.IP.IsValid() && e.ClaimedBy == pipeline.ClaimKeyID && isAccepted(e) && e.Time > 0 {
		id.table.tell(id.table.find(who), hourOf(e.Time), proven)
	}
	corroborated := false
	if e.Time > 0 && e.Verified != pipeline.VerdictNo && !isRefused(e) {
		corroborated = id.look(e, who, agent, proven)
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
func (id *Identity) look(e *pipeline.Event, who, agent *host, proven bool) bool {
	hour := hourOf(e.Time)
	agreed := agrees(e, who, agent)
	if !agreed && !(e.ClaimedBy == pipeline.ClaimKeyID && agent.named()) {
		return false
	}
	s, good := id.trace(e, who, hour, proven)
	if s == nil || agreed {
		return good
	}
	other := id.matcher.hash(string(agent.site))
	if (good || proven) && isDelivery(e) {
		s.aliases.learn(other, hour)
	}
	return good && s.aliases.knows(other, hour)
}

// agrees reports whether key id and agent, where both are logged, name one site, which is that of who.
func agrees(e *pipeline.Event, who, agent *host) bool {
	switch {
	case e.AgentHost == "":
		return true
	case e.ClaimedBy == pipeline.ClaimUserAgent:
		return e.KeyID == "" && e.KeyHost == ""
	}
	return agent.named() && agent.site == who.site
}

// trace returns the site that who is of, if it is known, and whether the way by which e came speaks for that name.
func (id *Identity) trace(e *pipeline.Event, who *host, hour int32, proven bool) (*site, bool) {
	delivered := isAccepted(e)
	switch {
	case e.Format == pipeline.FormatRails && !e.IP.IsValid():
		s := id.table.find(who)
		if s == nil || !delivered || e.ClaimedBy != pipeline.ClaimKeyID {
			return s, false
		}
		return s, s.tally.rails(e.Time)
	case !isOwned(e.IP):
		return nil, false
	case !delivered:
		s := id.table.find(who)
		return s, s != nil && id.table.corroborates(s, keyOf(e.IP), hour)
	}
	s := id.table.site(who, hour)
	if s == nil {
		return nil, false
	}
	ok := id.table.deliver(s, keyOf(e.IP), hour, e.ClaimedBy == pipeline.ClaimKeyID, proven)
	if ok && e.Format == pipeline.FormatNginx && e.AgentHost != "" {
		s.tally.nginx(e.Time)
	}
	return s, ok
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
// behind f has, for detectors judge proven and claimed events apart, or what the jobs prove of them all; and an
// address is an address.
func (id *Identity) Level(f *pipeline.Finding, now pipeline.Time) pipeline.Attribution {
	switch {
	case f.Key.Type.IsName() && f.Evidence.Part >= pipeline.Corroborated:
		return f.Evidence.Part
	case f.Key.Type.IsName() && id.matcher.proves(f, now):
		return pipeline.Corroborated
	case f.Key.Type.IsName():
		return pipeline.Claimed
	case f.Key.Type.IsParty():
		return pipeline.IPOnly
	}
	return pipeline.AttributionNone
}

// Provable reports whether jobs may prove f's name within seconds; all else is proven when an event comes, or not at all.
func (id *Identity) Provable(f *pipeline.Finding) bool {
	return f.Key.Type.IsName() && id.matcher.mayProve(f, f.At)
}

// Hear learns what becomes of streams, and of lines that could not be read.
func (id *Identity) Hear(e *pipeline.Event) { id.matcher.hear(e) }

// Advance does nothing: hours and minutes close when an event comes that needs them.
func (id *Identity) Advance(pipeline.Time) {}

// Due returns never.
func (id *Identity) Due(pipeline.Time) pipeline.Time { return 0 }
