package window

import (
	"io"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// The names of the signals that Rare sends. All but TotalNewNetworks have as key who it was, as AddressEntity has it;
// of a sign-up by the form, the agent follows after a space: those of an app's users are alike. What is beyond maxRare in a second has no key.
const (
	RareSignIn       = "rare.sign_in"      // a sign-in that succeeded
	RareSignInFail   = "rare.sign_in_fail" // one that failed, or was refused by a rate limit
	RareSignUp       = "rare.sign_up"      // an account that was made
	RareReset        = "rare.reset"        // a mail asked for: for a new password, or to confirm an address
	TotalNewNetworks = "total.networks"    // /24s or /48s that read what is public, and were not seen for a month
)

const (
	maxRare  = 256 // signals of a key in a second
	maxAgent = 160 // bytes of an agent that are a part of a key
)

// A rareCount is one signal that is to be sent.
type rareCount struct {
	name, key string
	count     uint64
}

// Rare tells the instance detectors, once a second and by address, what few do: a pipeline.Detector of the network
// key space, registered after the witness.
type Rare struct {
	counts    []rareCount // since the last tick, in the order in which they first came
	strangers strangers
}

// NewRare returns a Rare that has seen nothing; networks are hashed with the secret.
func NewRare(secret pipeline.Secret) *Rare { return &Rare{strangers: newStrangers(secret)} }

// Observe counts what is rare.
func (r *Rare) Observe(e *pipeline.Event, _ pipeline.Report) {
	if e.Kind != pipeline.KindRequest || e.Counts&pipeline.CountsAddress == 0 {
		return
	}
	if e.Method == pipeline.MethodGet {
		if r.strangers.comes(e) {
			r.add(TotalNewNetworks, "")
		}
		return
	}
	if name := rareName(e); name != "" {
		r.add(name, rareKey(e))
	}
}

// rareName returns the signal that e belongs to; empty for none.
func rareName(e *pipeline.Event) string {
	if e.Method != pipeline.MethodPost {
		return ""
	}
	switch e.Endpoint {
	case pipeline.EndpointSignIn:
		if SignedIn(e) {
			return RareSignIn
		}
		if set := signIn(e); set.has(SignInFails) {
			return RareSignInFail
		}
	case pipeline.EndpointSignUp:
		if SignedUp(e) {
			return RareSignUp
		}
	case pipeline.EndpointPassword, pipeline.EndpointConfirmation:
		if strings.HasPrefix(e.Path, "/auth/password") || strings.HasPrefix(e.Path, "/auth/confirmation") {
			return RareReset
		}
	}
	return ""
}

// SignedUp reports whether e is a sign-up that succeeded: by the form a redirection, by an app's API 200.
func SignedUp(e *pipeline.Event) bool {
	if e.Kind != pipeline.KindRequest || e.Endpoint != pipeline.EndpointSignUp || e.Method != pipeline.MethodPost {
		return false
	}
	return e.Status >= 300 && e.Status < 400 || e.Status == 200 && strings.HasPrefix(e.Path, "/api/")
}

func rareKey(e *pipeline.Event) string {
	if !e.IP.IsValid() {
		return ""
	}
	key := AddressEntity(e.IP).Value
	if e.Endpoint == pipeline.EndpointSignUp && !strings.HasPrefix(e.Path, "/api/") {
		key += " " + strings.ToValidUTF8(e.UserAgent[:min(len(e.UserAgent), maxAgent)], "")
	}
	return key
}

func (r *Rare) add(name, key string) {
	for i := range r.counts {
		if c := &r.counts[i]; c.name == name && c.key == key {
			c.count++
			return
		}
	}
	if key != "" && len(r.counts) >= maxRare {
		r.add(name, "")
		return
	}
	r.counts = append(r.counts, rareCount{name, key, 1})
}

// Advance sends what there was since the second before.
func (r *Rare) Advance(_ pipeline.Time, to pipeline.Report) {
	for _, c := range r.counts {
		to.Signal(pipeline.Signal{Name: c.name, Key: c.key, Count: c.count})
	}
	clear(r.counts)
	r.counts = r.counts[:0]
}

// Due returns the next second if there is anything to send.
func (r *Rare) Due(now pipeline.Time) pipeline.Time {
	if len(r.counts) > 0 {
		return now + pipeline.Second
	}
	return 0
}

// Snapshot writes what was not sent yet, and which networks are known.
func (r *Rare) Snapshot(w io.Writer) error {
	c := coder{w: w}
	c.u32(uint32(len(r.counts)))
	for _, n := range r.counts {
		c.text(n.name)
		c.text(n.key)
		c.u64(n.count)
	}
	if c.err != nil {
		return c.err
	}
	return r.strangers.write(w)
}

// Restore reads what Snapshot wrote.
func (r *Rare) Restore(in io.Reader) error {
	next := NewRare(r.strangers.secret)
	d := decoder{r: in}
	for range d.count(maxRare + len(rareNames)) {
		next.counts = append(next.counts, rareCount{d.text(), d.text(), d.u64()})
	}
	err := d.err
	if err == nil {
		err = next.strangers.read(in)
	}
	if err != nil {
		next = NewRare(r.strangers.secret)
	}
	*r = *next
	return err
}

// rareNames are those that may be sent without a key beyond maxRare.
var rareNames = [...]string{RareSignIn, RareSignInFail, RareSignUp, RareReset, TotalNewNetworks}
