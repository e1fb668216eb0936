package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// Exit codes, as the manual has them.
const (
	exitDone   = 0
	exitFailed = 1 // while running
	exitUsage  = 2 // wrong usage or configuration
)

// commands is the table of subcommands.
type commands struct {
	Run        runCommand        `cmd:"" help:"Follow live logs and deliver alerts until stopped."`
	Replay     replayCommand     `cmd:"" help:"Read logs that end and print every alert; sends nothing."`
	Explain    explainCommand    `cmd:"" help:"Show how every line of logs is understood; detects nothing."`
	Score      scoreCommand      `cmd:"" help:"Compare the alerts of a simulated run with its truth."`
	State      stateCommand      `cmd:"" help:"Show streams, counts, memory and open alerts of a run."`
	Alerts     alertsCommand     `cmd:"" help:"List and show alerts from the history."`
	Check      checkCommand      `cmd:"" help:"Check the configuration and print what is in effect."`
	Kafka      kafkaCommand      `cmd:"" help:"Look at the Kafka that the configuration names."`
	Detect     detectCommand     `cmd:"" help:"Find the logs of this machine, and say what stands in their way."`
	Snippet    snippetCommand    `cmd:"" help:"Print what makes nginx or Rails tell more."`
	Simulate   simulateCommand   `cmd:"" help:"Write the logs of a server that is made up, with attacks of which the truth is known."`
	Detectors  detectorsCommand  `cmd:"" help:"List the detectors, or document one."`
	Health     healthCommand     `cmd:"" help:"Ask a running fedwarden whether it is well (for containers)."`
	Completion completionCommand `cmd:"" help:"Print a completion script for a shell."`
	Version    versionCommand    `cmd:"" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" hidden:"" help:"Print the version."`
}

// A console is what a command talks to.
type console struct {
	ctx            context.Context
	in             io.Reader
	out, err       io.Writer
	outTTY, errTTY bool
	model          *kong.Kong
	haste          time.Duration // for which a log must be unreadable to be lost; zero, as always but in tests: a minute
}

// A usageError is a mistake of whoever called: exit code 2.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := newConsole(ctx).execute(os.Args[1:])
	stop()
	os.Exit(code)
}

func newConsole(ctx context.Context) *console {
	return &console{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr, outTTY: isTerminal(os.Stdout), errTTY: isTerminal(os.Stderr)}
}

// execute runs the command that args name and returns the exit code.
func (c *console) execute(args []string) int {
	var cli commands
	code := -1
	parser, err := kong.New(&cli,
		kong.Name("fedwarden"),
		kong.Description("Watches a Mastodon server's logs and tells who floods, spams, probes or takes over, how sure that is, and what could be done."),
		kong.Vars{"version": versionLine()},
		kong.UsageOnError(),
		kong.Writers(c.out, c.err),
		kong.Exit(func(n int) { code = n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, Summary: true}),
	)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	c.model = parser
	command, err := parser.Parse(args)
	switch {
	case code >= 0: // help was asked for
		return code
	case err != nil:
		fmt.Fprintf(c.err, "fedwarden: %s\nTry: fedwarden --help\n", err)
		return exitUsage
	}
	return exitCode(c, command.Run(c))
}

func exitCode(c *console, err error) int {
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return exitDone
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: what is printed is not all")
	}
	fmt.Fprintf(c.err, "fedwarden: %s\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// isTerminal reports whether f is a terminal on which colour and progress are welcome.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
