package main

import (
	_ "embed" // the snippets
	"io"
)

//go:embed snippets/nginx-logformat.conf
var nginxLogFormat string // the recommended log_format, and what it needs

//go:embed snippets/rails_initializer.rb
var railsInitializer string // makes Rails write verified=, and one line a message

type snippetCommand struct {
	Nginx nginxSnippet `cmd:"" name:"nginx-logformat" help:"A log_format for nginx: key ids, no query strings."`
	Rails railsSnippet `cmd:"" name:"rails-initializer" help:"An initializer for Mastodon: verified=, and one line a message."`
}

type nginxSnippet struct{}

// Run prints the log_format.
func (nginxSnippet) Run(c *console) error { return printSnippet(c, nginxLogFormat) }

type railsSnippet struct{}

// Run prints the initializer.
func (railsSnippet) Run(c *console) error { return printSnippet(c, railsInitializer) }

func printSnippet(c *console, text string) error {
	_, err := io.WriteString(c.out, text)
	return err
}
