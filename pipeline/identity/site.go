package identity

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// hosters are suffixes under which strangers have servers, and which the public suffix list lacks.
var hosters = [...]string{"masto.host"}

// siteOf returns the registrable domain of a canonical host: one label more than its public suffix, with the
// list's private section and hosters, so that two customers of one hoster are two sites. A host that is a public suffix
// is its own site. The result is a part of domain.
func siteOf(domain string) string {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	for _, h := range hosters {
		if strings.HasSuffix(domain, h) && (len(domain) == len(h) || domain[len(domain)-len(h)-1] == '.') {
			suffix = h
		}
	}
	rest := len(domain) - len(suffix) - 1
	if rest <= 0 {
		return domain
	}
	return domain[strings.LastIndexByte(domain[:rest], '.')+1:]
}
