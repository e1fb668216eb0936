package parse

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestAgent(t *testing.T) {
	f := func(s, software, version, host string) {
		t.Helper()
		got := parseAgent(s)
		if got.software != software || got.version != version || got.host != host {
			t.Errorf("agent %q: got %q %q %q, want %q %q %q", s, got.software, got.version, got.host, software, version, host)
		}
	}
	f("http.rb/5.1.1 (Mastodon/4.2.10; +https://mastodon.example/)", "mastodon", "4.2.10", "mastodon.example")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https://techhub.example/)", "mastodon", "4.5.3", "techhub.example")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https://host.example/) Bot", "mastodon", "4.5.3", "host.example")
	f("http.rb/3.2.0 (Mastodon/2.4.0; +https://coisland.xyz/)", "mastodon", "2.4.0", "coisland.xyz")
	f("Mastodon/4.6.5+glitch (http.rb/5.3.1; +https://x.example/)", "mastodon", "4.6.5+glitch", "x.example")
	f("Mastodon/4.3.2+hometown-1.1.1 (http.rb/5.2.0; +https://x.example/)", "mastodon", "4.3.2+hometown-1.1.1", "x.example")
	f("Mastodon/4.3.0-nightly.2024-08-12 (http.rb/5.2.0; +https://mastodon.social/)", "mastodon", "4.3.0-nightly.2024-08-12", "mastodon.social")
	f("http.rb/5.1.0 (Mastodon/4.0.0rc1; +https://mstdn.social/)", "mastodon", "4.0.0rc1", "mstdn.social")
	f("Pleroma 2.6.2; https://pleroma.example <admin@pleroma.example>", "pleroma", "2.6.2", "pleroma.example")
	f("Pleroma 2.6.2; https://pleroma.example <admin@pleroma.example>; Bot", "pleroma", "2.6.2", "pleroma.example")
	f("Pleroma Data Loader", "pleroma", "", "")
	f("Akkoma 3.10.4-0-gebfb617; https://a.example <a@a.example>", "akkoma", "3.10.4-0-gebfb617", "a.example")
	f("Misskey/2024.2.0 (https://misskey.example)", "misskey", "2024.2.0", "misskey.example")
	f("Sharkey/2024.9.1 (https://sharkey.example)", "sharkey", "2024.9.1", "sharkey.example")
	f("Firefish/1.0.5 (https://ff.example)", "firefish", "1.0.5", "ff.example")
	f("Iceshrimp/2023.12.7 (https://ice.example)", "iceshrimp", "2023.12.7", "ice.example")
	f("CherryPick/4.8.0 (https://cp.example)", "cherrypick", "4.8.0", "cp.example")
	f("Foundkey/13.0.0 (https://fk.example)", "foundkey", "13.0.0", "fk.example")
	f("Lemmy/0.19.3; +https://lemmy.example", "lemmy", "0.19.3", "lemmy.example")
	f("kbinBot v0.1 - https://kbin.pub", "kbin", "0.1", "")
	f("Mbin/1.10.1 (+https://kbin.run/agent)", "mbin", "1.10.1", "kbin.run")
	f("PeerTube/6.2.1 (+https://peertube.example)", "peertube", "6.2.1", "peertube.example")
	f("(Pixelfed/0.11.9; +https://pixelfed.example)", "pixelfed", "0.11.9", "pixelfed.example")
	f("PixelFedBot/1.0.0 (Pixelfed/0.11.9; +https://pixelfed.example)", "pixelfed", "0.11.9", "pixelfed.example")
	f("PixelfedBot v0.1 - https://pixelfed.org", "pixelfed", "0.1", "")
	f("gotosocial/0.17.3+git-abc (+https://gts.example)", "gotosocial", "0.17.3+git-abc", "gts.example")
	f("Friendica/2024.08 DatabaseVersion/1571 Request/activitypub +https://f.example", "friendica", "2024.08", "f.example")
	f("Friendica 'Giant Rhubarb' 2023.05-1518; https://f.example", "friendica", "2023.05-1518", "f.example")
	f("WordPress/6.6.2; https://blog.example; ActivityPub", "wordpress", "6.6.2", "blog.example")
	f("BookWyrm (BookWyrm/0.7.5; +https://bookwyrm.example/)", "bookwyrm", "0.7.5", "bookwyrm.example")
	f("Mobilizon 4.1.0 - mob.example", "mobilizon", "4.1.0", "mob.example")
	f("Go (WriteFreely/0.15.1; +https://write.example)", "writefreely", "0.15.1", "write.example")
	f("python-httpx/0.24.1 (Takahe/0.11.0; +https://takahe.example/)", "takahe", "0.11.0", "takahe.example")
	f("Bridgy Fed (https://fed.brid.gy/)", "bridgy-fed", "", "fed.brid.gy")
	f("facebookexternalua", "threads", "", "")
	f("snac/2.52", "snac", "2.52", "")
	f("snac/2.70; +https://snac.example/", "snac", "2.70", "snac.example")
	f("YUKIMOCHI Toot Relay Service (golang net/http; Activity-Relay v2.0.0; relay.example)", "activity-relay", "2.0.0", "relay.example")
	f("ActivityRelay/0.3.3", "activityrelay", "0.3.3", "")
	f("AodeRelay (ap-relay/v0.3.116; +https://relay.example/)", "aoderelay", "0.3.116", "relay.example")
	f("Actix Web 3.0.0-alpha.1 (AodeRelay/v0.3.2; +https://relay.example/)", "aoderelay", "0.3.2", "relay.example")
	f("buzzrelay/0.1.0 (+https://relay.fedi.buzz)", "buzzrelay", "0.1.0", "relay.fedi.buzz")
	f("python-requests (funkwhale/1.4.0; +https://fw.example)", "funkwhale", "1.4.0", "fw.example")
	f("Owncast v0.1.3-linux-64bit (abc123)", "owncast", "0.1.3-linux-64bit", "")
	f("Ghost/0.1.0 (Fedify/1.4.0; Node.js/v22.1.0; +https://blog.example/)", "ghost", "0.1.0", "blog.example")
	f("Fedify/1.4.0 (Deno/2.0.0; +https://hollo.example/)", "fedify", "1.4.0", "hollo.example")
	f("Fedify/1.4.0 (Node.js/v22.1.0)", "fedify", "1.4.0", "")
	f("activitypub.bot/0.48.1 (https://github.com/evanp/activitypub-bot)", "activitypub.bot", "0.48.1", "")
	f("Wildebeest/0.1.0 (Mastodon/4.1.0; +w.example)", "wildebeest", "0.1.0", "w.example")
	f("DiasporaFederation/0.2.8", "diaspora", "0.2.8", "")

	// what is no server
	f("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "", "", "")
	f("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", "", "")
	f("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "", "", "")
	f("", "", "", "")

	// one that is not known, and hostile ones
	f("NewServer/1.0 (+https://new.example/)", "", "", "new.example")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https://EXAMPLE.com:8443/)", "mastodon", "4.5.3", "example.com")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https://victim.example@evil.example/)", "mastodon", "4.5.3", "")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https:///)", "mastodon", "4.5.3", "")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +ftp://x.example/)", "mastodon", "4.5.3", "")
	f("Mastodon/4.5.3 (http.rb/5.3.1; +https://[2001:DB8::1]:443/)", "mastodon", "4.5.3", "2001:db8::1")
	f("a [b] {c} ; +https://evil.example/ ) (Mastodon/4.2.0; +https://victim.example/)", "mastodon", "4.2.0", "victim.example")
	f("NotMastodon/4.2.0 (+https://x.example/path)", "", "", "")
	f("Mastodon/<b>", "mastodon", "", "")
}

func TestAgentText(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		if got := parseAgent(s).text; got != want {
			t.Errorf("text of agent %q: got %q, want %q", s, got, want)
		}
	}
	f("Pleroma 2.6.2; https://p.example <admin@p.example>", "Pleroma 2.6.2; https://p.example")
	f("Pleroma 2.6.2; https://p.example <admin@p.example>; Bot", "Pleroma 2.6.2; https://p.example; Bot")
	f("me me@x.example and you%40y.example", "me and")
	f("m\xc3\xbcller@x.example", "")
	f("a @ b", "a @ b")
	f(strings.Repeat("x", 300), strings.Repeat("x", maxAgent))
}

// The cache must change nothing: not when it is new, not when it is full.
func TestAgentCache(t *testing.T) {
	var c agents
	for i := range maxAgents + 10 {
		s := fmt.Sprintf("Mastodon/4.5.%d (http.rb/5.3.1; +https://s%d.example/)", i%7, i)
		var e pipeline.Event
		for range 2 {
			c.set(&e, s)
			if want := parseAgent(s); e.AgentHost != want.host || e.Version != want.version || e.UserAgent != want.text {
				t.Fatalf("agent %q: got %q %q %q, want %v", s, e.AgentHost, e.Version, e.UserAgent, want)
			}
		}
	}
	if len(c.known) > maxAgents || c.bytes > maxAgentBytes+readAgentMax {
		t.Errorf("cache: got %d agents of %d bytes, want at most %d of %d", len(c.known), c.bytes, maxAgents, maxAgentBytes)
	}
}

// What the cache keeps must not be the line's, whose buffer is used again.
func TestAgentCacheKeeps(t *testing.T) {
	var c agents
	var e pipeline.Event
	buf := []byte("Misskey/1 (https://a.example)")
	c.set(&e, unsafe.String(&buf[0], len(buf)))
	clear(buf)
	if e.AgentHost != "a.example" || e.UserAgent != "Misskey/1 (https://a.example)" {
		t.Errorf("after its buffer changed: got %q %q", e.AgentHost, e.UserAgent)
	}
}
