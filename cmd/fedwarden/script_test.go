package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fedwarden": mainForScripts})
}

// hastyEnv says for how long a log must be unreadable to be lost, where a test can't wait for a minute.
const hastyEnv = "FEDWARDEN_TEST_LOST_AFTER"

func mainForScripts() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := newConsole(ctx)
	c.haste, _ = time.ParseDuration(os.Getenv(hastyEnv))
	os.Exit(c.execute(os.Args[1:]))
}

// TestScripts runs the command line as people do; testdata/script reads like a manual.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(root, "testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOGS", filepath.Join(root, "testdata", "logs"))
			e.Setenv("CAPTURES", filepath.Join(root, "pipeline", "parse", "testdata", "captures"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	})
}
