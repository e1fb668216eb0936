package identity

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// siteOf returns the registrable domain of a canonical host: one label more than its public suffix, with the
// list's private section, so that two customers of one hoster are two sites. A host that is a public suffix
// is its own site. The result is a part of domain.
func siteOf(domain string) string {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	rest := len(domain) - len(suffix) - 1
	if rest <= 0 {
		return domain
	}
	return domain[strings.LastIndexByte(domain[:rest], '.')+1:]
}
