package simulate

import (
	"math"
	"slices"
	"testing"
)

// TestMoments holds the distributions to their means.
func TestMoments(t *testing.T) {
	r := streamOf(1, "moments", 0)
	mean := func(name string, want, within float64, draw func() float64) {
		t.Helper()
		const n = 200_000
		sum := 0.0
		for range n {
			sum += draw()
		}
		if got := sum / n; math.Abs(got-want) > within {
			t.Errorf("%s: mean %.3f, want %.3f", name, got, want)
		}
	}
	mean("exp", 1, 0.02, r.exp)
	mean("normal", 0, 0.02, r.normal)
	mean("float", 0.5, 0.01, r.float)
	for _, shape := range []float64{0.3, 1, 4} {
		mean("gamma", 1, 0.03, func() float64 { return r.gamma(shape) })
	}
	mean("geometric", 0.5, 0.02, func() float64 { return float64(r.geometric(1. / 3)) })
	mean("poisson", 2.5, 0.03, func() float64 { return float64(r.poisson(2.5)) })
	mean("pareto", 1.5, 0.03, func() float64 { return r.pareto(1, 3) })
	mean("intn", 4.5, 0.05, func() float64 { return float64(r.intn(10)) })
	for i := range families {
		f := &families[i]
		mean(f.name+" further", f.more, 0.06, func() float64 { return float64(f.further(&r)) })
		mean(f.name+" modulate", 1, 0.03, func() float64 { return f.modulate(&r, &Peer{shape: 1}) })
	}
}

// TestStreams shows that streams of other names and numbers are others.
func TestStreams(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(20) {
		for _, kind := range []string{"", "a", "b", "ab", "ba"} {
			for n := range uint64(20) {
				s := streamOf(seed, kind, n)
				seen[s.Uint64()] = true
			}
		}
	}
	if len(seen) != 20*5*20 {
		t.Errorf("%d streams, want %d", len(seen), 20*5*20)
	}
}

func TestHeap(t *testing.T) {
	r := streamOf(1, "heap", 0)
	var h heap
	var want []event
	for i := range 2000 {
		h.push(event{at: moment(r.intn(100)), ref: int32(i)})
		if r.chance(0.3) {
			h.pop()
		}
	}
	want = slices.Clone(h.events)
	slices.SortFunc(want, func(a, b event) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	for i, w := range want {
		if got := h.pop(); got != w {
			t.Fatalf("event %d is %v, want %v", i, got, w)
		}
	}
}

// TestBackoff holds Mastodon's to its source: 15 s, then 25 to 35, then 175 to 335 …
func TestBackoff(t *testing.T) {
	r := streamOf(1, "backoff", 0)
	for n, span := range map[int][2]moment{1: {15, 15}, 2: {25, 35}, 3: {175, 335}, 4: {825, 1635}} {
		for range 100 {
			if got := mastodonBackoff(n, &r) / second; got < span[0] || got > span[1] {
				t.Fatalf("retry %d after %d s, want %v", n, got, span)
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	for path, want := range map[string]string{
		"/users/a/statuses/1":         "StatusesController",
		"/users/a":                    "AccountsController",
		"/users/a/inbox":              "ActivityPub::InboxesController",
		"/@a/1":                       "StatusesController",
		"/@a":                         "AccountsController",
		"/authors":                    "ApplicationController",
		"/auth/sign_in?x=1":           "Auth::SessionsController",
		"/api/v1/timelines/tag/x":     "Api::V1::Timelines::TagController",
		"/api/v1/instance/peers":      "Api::V1::Instances::PeersController",
		"/.env":                       "ApplicationController",
		"/users/a/followers?page=1":   "FollowerAccountsController",
		"/api/v1/accounts/1/statuses": "Api::V1::AccountsController",
	} {
		if got := routeOf("GET", path).controller; got != want {
			t.Errorf("%s goes to %s, want %s", path, got, want)
		}
	}
}
