package identity

import (
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestHome(t *testing.T) {
	for _, c := range []struct {
		typ   pipeline.EntityType
		value string
		host  pipeline.Domain
		site  pipeline.Site
	}{
		{pipeline.EntityDomain, "a.b.example.co.uk", "a.b.example.co.uk", "example.co.uk"},
		{pipeline.EntityDomain, "one.masto.host", "one.masto.host", "one.masto.host"},
		{pipeline.EntitySite, "example.org", "", "example.org"},
		{pipeline.EntityActor, "https://www.example.org/users/a", "www.example.org", "example.org"},
		{pipeline.EntityActor, "http://example.org/", "example.org", "example.org"},
		{pipeline.EntityActor, "acct:a@www.example.org", "www.example.org", "example.org"},
		{pipeline.EntityActor, "nonsense", "", ""},
		{pipeline.EntityIP, "192.0.2.1", "", ""},
		{pipeline.EntityDomain, "", "", ""},
	} {
		host, site := new(Identity).Home(pipeline.Entity{Type: c.typ, Value: c.value})
		if host != c.host || site != c.site {
			t.Errorf("%s %s: got %q of %q, want %q of %q", c.typ, c.value, host, site, c.host, c.site)
		}
	}
}
