//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A remote is a server that delivers to the site, as its agent and its key id say.
type remote struct{ host, ip, agent string }

// remotes are honest.
var remotes = []remote{
	{"mastodon.example", "192.0.2.10", "Mastodon/4.5.3 (http.rb/5.3.1; +https://mastodon.example/)"},
	{"oldie.example", "192.0.2.11", "http.rb/5.1.1 (Mastodon/4.2.10; +https://oldie.example/)"},
	{"misskey.example", "2001:db8:1::2", "Misskey/2024.2.0 (https://misskey.example)"},
	{"gts.example", "2001:db8:2::2", "gotosocial/0.17.3+git-abc (+https://gts.example)"},
	{"a.example", "192.0.2.12", "Akkoma 3.10.4-0-gebfb617; https://a.example <a@a.example>"},
	{"lemmy.example", "192.0.2.13", "Lemmy/0.19.3; +https://lemmy.example"},
	{"pixelfed.example", "2001:db8:3::2", "(Pixelfed/0.11.9; +https://pixelfed.example)"},
	{"blog.example", "192.0.2.14", "WordPress/6.6.2; https://blog.example; ActivityPub"},
}

var flooder = remote{"flood.example", "203.0.113.66", "http.rb/5.1.1 (Mastodon/4.2.1; +https://flood.example/)"}

// A client is the rest of the fediverse.
type client struct {
	t    *testing.T
	url  string
	http *http.Client
	sent atomic.Int64
}

// deliver posts an activity of one of the remote's actors and checks that it is answered with want.
func (c *client) deliver(r remote, actor int, path, body string, want int) {
	req, err := http.NewRequest(http.MethodPost, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/activity+json")
	req.Header.Set("Digest", digest([]byte(body)))
	req.Header.Set("Signature", fmt.Sprintf(`keyId="https://%s/users/u%d#main-key",algorithm="rsa-sha256",headers="(request-target) host date digest content-type",signature="c2lnbmF0dXJl+/=="`, r.host, actor))
	c.do(r, req, want)
}

// unsigned posts an activity that nobody signed, and tries.
func (c *client) unsigned(r remote) {
	req, err := http.NewRequest(http.MethodPost, c.url+"/inbox", strings.NewReader(`{"type":"Like"}`))
	if err != nil {
		c.t.Error(err)
		return
	}
	c.do(r, req, http.StatusUnauthorized)
}

func (c *client) do(r remote, req *http.Request, want int) {
	req.Host = "social.example"
	req.Header.Set("User-Agent", r.agent)
	req.Header.Set("X-Forwarded-For", r.ip)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Error(err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	c.sent.Add(1)
	if resp.StatusCode != want {
		c.t.Errorf("%s %s of %s: got %d, want %d", req.Method, req.URL.Path, r.host, resp.StatusCode, want)
	}
}

// activity returns the body of an activity.
func activity(r remote, n int) string {
	return fmt.Sprintf(`{"id":"https://%s/activities/%d","type":"Create","mention":%t}`, r.host, n, n%3 == 0)
}

// live is a minute of the honest: deliveries of every remote, one that is not signed, a Delete of
// somebody whom nobody knows, and one of a domain that is blocked.
func (c *client) live(n int) {
	for i, r := range remotes {
		c.deliver(r, i, "/inbox", activity(r, n), http.StatusAccepted)
		c.deliver(r, i, "/users/alice/inbox", activity(r, n+1), http.StatusAccepted)
	}
	c.unsigned(remotes[0])
	gone := "https://mastodon.example/users/gone"
	c.deliver(remotes[0], 99, "/inbox", fmt.Sprintf(`{"type":"Delete","actor":%q,"object":%q}`, gone, gone), http.StatusAccepted)
	c.deliver(remote{blocked, "192.0.2.99", "Mastodon/4.5.3 (http.rb/5.3.1; +https://" + blocked + "/)"}, 1, "/inbox",
		activity(remotes[0], n), http.StatusForbidden)
}

// floodEvery is the time between two deliveries of a flood.
const floodEvery = 5 * time.Millisecond

// flood delivers for the flooder until stop is called, by four actors.
func (c *client) flood() (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(floodEvery)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			case <-tick.C:
				c.deliver(flooder, n%4, "/inbox", activity(flooder, n), http.StatusAccepted)
			}
		}
	})
	stop = sync.OnceFunc(func() {
		close(end)
		done.Wait()
	})
	c.t.Cleanup(stop)
	return stop
}
