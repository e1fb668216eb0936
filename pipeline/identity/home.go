package identity

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Home returns the host of a domain or actor as this package writes them, and the registrable domain above it.
func (id *Identity) Home(e pipeline.Entity) (pipeline.Domain, pipeline.Site) {
	var host string
	switch e.Type {
	case pipeline.EntitySite:
		return "", pipeline.Site(e.Value)
	case pipeline.EntityDomain:
		host = e.Value
	case pipeline.EntityActor:
		host = hostOf(e.Value)
	}
	if host == "" {
		return "", ""
	}
	return pipeline.Domain(host), pipeline.Site(siteOf(host))
}

// hostOf returns the host of a canonical actor.
func hostOf(actor string) string {
	if user, ok := strings.CutPrefix(actor, "acct:"); ok {
		_, host, _ := strings.Cut(user, "@")
		return host
	}
	scheme, _, ok := splitURL(actor)
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(actor[len(scheme):], "/")
	return host
}
