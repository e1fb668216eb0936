package parse

import "github.com/fedwarden/fedwarden/pipeline"

type (
	rails   struct{}
	sidekiq struct{}
)

func newRails(Options) *rails     { return &rails{} }
func newSidekiq(Options) *sidekiq { return &sidekiq{} }

func looksRails(string) bool   { return false }
func looksSidekiq(string) bool { return false }

func (*rails) state() string    { return "" }
func (*rails) restore(string)   {}
func (*sidekiq) state() string  { return "" }
func (*sidekiq) restore(string) {}
func (*rails) line(string, Env, *pipeline.Event) (string, *Error) {
	return "", &Error{Column: 1, Reason: reasonFormat}
}
func (*sidekiq) line(string, Env, *pipeline.Event) (string, *Error) {
	return "", &Error{Column: 1, Reason: reasonFormat}
}
