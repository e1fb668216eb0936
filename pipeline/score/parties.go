package score

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Parties are who is behind an attack, by each name that an alert could rightly give them.
type Parties struct {
	Domain   []string `json:"domain"`
	Site     []string `json:"site"`
	Actor    []string `json:"actor"`
	IP       []string `json:"ip"`     // all addresses that it came from
	Prefix   []string `json:"prefix"` // networks that are the attacker's
	Account  []string `json:"account"`
	Instance bool     `json:"instance"` // the true parent is the whole server
	Source   []string `json:"source"`   // or these logs

	hosts    map[string]bool // Domain, and Site with all that is below
	sites    map[string]bool
	actors   map[string]bool
	addrs    map[netip.Addr]bool
	networks []netip.Prefix
}

// index makes p ready to be asked.
func (p *Parties) index() error {
	p.hosts, p.sites, p.actors = set(p.Domain), set(p.Site), set(p.Actor)
	p.addrs = make(map[netip.Addr]bool, len(p.IP))
	for _, s := range p.IP {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return err
		}
		p.addrs[a.Unmap()] = true
	}
	for _, s := range p.Prefix {
		n, err := netip.ParsePrefix(s)
		if err != nil {
			return err
		}
		p.networks = append(p.networks, n.Masked())
	}
	return nil
}

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}

// holds reports whether e is one of p, or the true parent.
func (p *Parties) holds(e pipeline.Entity) bool {
	switch e.Type {
	case pipeline.EntitySite:
		return p.sites[e.Value]
	case pipeline.EntityDomain:
		return p.host(e.Value)
	case pipeline.EntityActor:
		return p.actors[e.Value] || p.host(hostOf(e))
	case pipeline.EntityIP, pipeline.EntityPrefix:
		return p.network(e.Value)
	case pipeline.EntityAccount:
		return contains(p.Account, e.Value)
	case pipeline.EntitySource:
		return p.source(e.Value)
	}
	return p.Instance // the server itself, or a part or pattern of it, which is no party
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// host reports whether host is the attacker's: as such, or below a site that is.
func (p *Parties) host(host string) bool {
	if p.hosts[host] {
		return true
	}
	for h := host; h != ""; _, h, _ = strings.Cut(h, ".") {
		if p.sites[h] {
			return true
		}
	}
	return false
}

// network reports whether s, an address or a prefix, is or holds an address of the attack.
func (p *Parties) network(s string) bool {
	n, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return false
		}
		n = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
	}
	for _, own := range p.networks {
		if own.Contains(n.Addr()) && own.Bits() <= n.Bits() {
			return true
		}
	}
	if n.IsSingleIP() {
		return p.addrs[n.Addr()]
	}
	for a := range p.addrs {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// source reports whether stream is one of the logs: one of several streams of a format bears its number.
func (p *Parties) source(stream string) bool {
	for _, s := range p.Source {
		if stream == s || strings.HasPrefix(stream, s+"-") {
			return true
		}
	}
	return false
}

// hostOf returns the host of an entity that is a name.
func hostOf(e pipeline.Entity) string {
	if e.Type != pipeline.EntityActor {
		return e.Value
	}
	if u, err := url.Parse(e.Value); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	if _, host, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(e.Value, "acct:"), "@"), "@"); ok {
		return host
	}
	return e.Value
}

// below reports whether one of names is host or above it.
func below(names []string, host string) bool {
	for _, n := range names {
		if host == n || strings.HasSuffix(host, "."+n) {
			return true
		}
	}
	return false
}

// describe is how an entity stands in a list.
func describe(e pipeline.Entity) string { return fmt.Sprintf("%s %s", e.Type, e.Value) }
