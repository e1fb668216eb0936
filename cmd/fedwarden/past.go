package main

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/dchest/siphash"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A HistoryConfig bounds how much of the logs' past a state that knows nothing yet reads first, silently: rotated
// files and the journal.
type HistoryConfig struct {
	Age  Duration `yaml:"age"`  // how far back; less where 14 days of logs take long to read; 0s for none
	Time Duration `yaml:"time"` // how long that may take; what is left then is skipped
}

const (
	defaultHistoryAge  = 14 * 24 * time.Hour // what Debian's logrotate keeps of nginx'
	defaultHistoryTime = 10 * time.Minute
)

// isVital names the parts of a checkpoint without which all is learned anew: what took days to learn.
func isVital(part string) bool {
	return part == "engine" || part == "identity" || strings.HasPrefix(part, "space.")
}

// past returns how much of the past is to be read: nothing, once there is a state that can go on. What was begun
// is read on, after a restart too; the cursors know.
func (s *service) past(c *Config) past {
	p := past{until: s.start.Add(c.History.Time.std())}
	if s.loaded != nil && !goesOn(c, s.loaded) {
		p.age = c.History.Age.std()
	}
	return p
}

// goesOn reports whether a checkpoint holds all that is vital, in the layout that is read.
func goesOn(c *Config, cp *pipeline.Checkpoint) bool {
	if len(cp.Parts) == 0 {
		return false
	}
	e, _ := newEngine(c, cp.Secret)
	for _, own := range e.Parts() {
		there := func(p pipeline.Part) bool { return p.Name == own.Name && p.Version == own.Version }
		if isVital(own.Name) && !slices.ContainsFunc(cp.Parts, there) {
			return false
		}
	}
	return true
}

// identity stands for the state, where others see who reads: it tells nothing of the secret.
func (s *service) identity() string {
	secret := s.store.Secret()
	h := siphash.New128(secret[:])
	h.Write([]byte("identity"))
	return hex.EncodeToString(h.Sum(nil))[:12]
}
