package score

import (
	"hash/fnv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A bucketRule is one scenario as leaky-bucket tools have them: each key's bucket takes what pours in, loses
// one in each leak, and tells when it holds more than its capacity.
type bucketRule struct {
	name     string
	capacity float64
	leak     time.Duration
	who      func(e *pipeline.Event) (pipeline.Entity, bool)
	pours    func(e *pipeline.Event) bool
	distinct bool // a path counts once while the bucket isn't empty
}

// bucketRules are what an operator would reasonably set. The numbers are those that are published or that a
// catalogue of static floors gives, not tuned on any bench.
var bucketRules = []bucketRule{
	// A peer's deliveries: two a second are more than any but the largest peers send in their busiest
	// minute; one hundred and twenty at once is a minute of that.
	{name: "bucket_inbox_domain", capacity: 120, leak: time.Second / 2, who: domain, pours: func(e *pipeline.Event) bool {
		return e.Endpoint.IsInbox() && e.Method == pipeline.MethodPost
	}},
	// An address' requests to the application: one hundred in ten seconds, and ten a second for long. A page
	// with its pictures is far below; what nginx serves by itself is not counted.
	{name: "bucket_requests_address", capacity: 100, leak: time.Second / 10, who: address, pours: func(e *pipeline.Event) bool {
		return e.Endpoint.IsDynamic()
	}},
	// CrowdSec's generic-bf: five failures, one forgiven in ten seconds. A wrong password is a 200 or 422.
	{name: "bucket_sign_in_address", capacity: 5, leak: 10 * time.Second, who: address, pours: func(e *pipeline.Event) bool {
		return e.Endpoint == pipeline.EndpointSignIn && e.Method == pipeline.MethodPost && e.Status >= 200 && e.Status/100 != 3
	}},
	// CrowdSec's http-probing: ten distinct paths that are not there, one forgiven in ten seconds.
	{name: "bucket_probing_address", capacity: 10, leak: 10 * time.Second, who: address, distinct: true, pours: func(e *pipeline.Event) bool {
		return e.Method == pipeline.MethodGet && (e.Status == 404 || e.Status == 403 || e.Status == 400)
	}},
}

// A bucket is what one key has poured in.
type bucket struct {
	level float64
	at    time.Time
	paths map[uint32]bool // of a distinct rule
}

// drain leaks until at, and reports whether b is empty then.
func (b *bucket) drain(rule *bucketRule, at time.Time) bool {
	if at.After(b.at) {
		b.level = max(0, b.level-float64(at.Sub(b.at))/float64(rule.leak))
		b.at = at
	}
	return b.level == 0
}

// buckets are all rules of fixed leaky buckets together.
type buckets struct {
	teller
	byRule []map[pipeline.Entity]*bucket
	swept  time.Time
}

func newBuckets() *buckets {
	b := &buckets{byRule: make([]map[pipeline.Entity]*bucket, len(bucketRules))}
	for i := range b.byRule {
		b.byRule[i] = map[pipeline.Entity]*bucket{}
	}
	return b
}

// Name returns what the tables call it.
func (b *buckets) Name() string { return "leaky buckets" }

// Incidents returns what it told so far.
func (b *buckets) Incidents() []Incident { return b.told }

// Observe sees a request.
func (b *buckets) Observe(e *pipeline.Event) {
	if e.Kind != pipeline.KindRequest {
		return
	}
	at := e.Time.Std()
	b.sweep(at)
	for i := range bucketRules {
		rule := &bucketRules[i]
		if !rule.pours(e) {
			continue
		}
		if who, ok := rule.who(e); ok {
			b.pour(i, who, e.Path, at)
		}
	}
}

func (b *buckets) pour(i int, who pipeline.Entity, path string, at time.Time) {
	rule, k := &bucketRules[i], b.byRule[i][who]
	if k == nil {
		who.Value = strings.Clone(who.Value) // it may point into the log's buffer
		k = &bucket{at: at}
		b.byRule[i][who] = k
	}
	if k.drain(rule, at) {
		k.paths = nil
	}
	if rule.distinct && !k.newPath(path) {
		return
	}
	if k.level++; k.level > rule.capacity {
		k.level = rule.capacity // what runs over is gone
		who.Value = strings.Clone(who.Value)
		b.tell(rule.name, who, at)
	}
}

// newPath notes path, by its hash, and reports whether it is new.
func (b *bucket) newPath(path string) bool {
	h := fnv.New32a()
	h.Write([]byte(path))
	sum := h.Sum32()
	if b.paths[sum] {
		return false
	}
	if b.paths == nil {
		b.paths = map[uint32]bool{}
	}
	if len(b.paths) < maxPaths {
		b.paths[sum] = true
	}
	return true
}

// maxPaths bounds what a bucket remembers: it has run over long before.
const maxPaths = 1000

// sweep forgets empty buckets now and then, so that invented names don't fill memory.
func (b *buckets) sweep(at time.Time) {
	if at.Sub(b.swept) < time.Minute {
		return
	}
	b.swept = at
	for i, keys := range b.byRule {
		for who, k := range keys {
			if k.drain(&bucketRules[i], at) {
				delete(keys, who)
			}
		}
	}
}
