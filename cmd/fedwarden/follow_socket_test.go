package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

// A daemon that is not there is named by check, and waited for by run.
func TestDockerSocketIsMissing(t *testing.T) {
	cfg := &Config{Inputs: []InputConfig{{DockerSocket: filepath.Join(t.TempDir(), "docker.sock")}}}
	if err := checkInputs(cfg); err == nil || !strings.Contains(err.Error(), "is Docker running") {
		t.Errorf("check: got %v", err)
	}
	var said bytes.Buffer
	f := &following{log: slog.New(slog.NewTextHandler(&said, nil)), config: cfg}
	defer f.close()
	if err := f.openAll(cfg.Inputs); err != nil {
		t.Fatal(err)
	}
	if len(f.sources) != 0 || len(f.finders) != 1 {
		t.Errorf("got %d sources, %d finders, want none and one", len(f.sources), len(f.finders))
	}
	if !strings.Contains(said.String(), "is Docker running") {
		t.Errorf("got %s", said.String())
	}
}
