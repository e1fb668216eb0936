package parse

import (
	"strings"

	"github.com/fedwarden/fedwarden/pipeline"
)

// sidekiq reads Sidekiq's log.
type sidekiq struct {
	stamps stamps
}

func newSidekiq(o Options) *sidekiq { return &sidekiq{stamps: stamps{zone: o.Location}} }

func (s *sidekiq) line(line string, _ Env, e *pipeline.Event) (skip string, err *Error) {
	return other(line)
}

func (s *sidekiq) state() string  { return "" }
func (s *sidekiq) restore(string) {}

// looksSidekiq reports whether a line is surely of Sidekiq's log.
func looksSidekiq(line string) bool {
	return strings.Contains(line, "pid=") && strings.Contains(line, " tid=")
}
