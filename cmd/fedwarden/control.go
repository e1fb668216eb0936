package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// socketName is where a run listens for `state` and `alerts`, in its state directory, mode 0600.
const socketName = "fedwarden.sock"

const controlTimeout = 10 * time.Second

// An asked answers questions about a run, be it alive or only a directory.
type asked interface {
	State(ctx context.Context) (*stateReport, error)
	Alerts(ctx context.Context, q alertQuery) ([]episode, error)
	Alert(ctx context.Context, id string) (*episode, error)
}

// listenControl serves a on the socket in dir until the server that it returns is closed. The directory's
// lock is held, so a socket that is there is left over from a crash.
func listenControl(dir string, a asked) (*http.Server, error) {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return serve(l, controlHandler(a)), nil
}

func controlHandler(a asked) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, r *http.Request) {
		v, err := a.State(r.Context())
		respond(w, v, err)
	})
	mux.HandleFunc("GET /alerts", func(w http.ResponseWriter, r *http.Request) {
		v, err := a.Alerts(r.Context(), queryOf(r.URL.Query()))
		respond(w, v, err)
	})
	mux.HandleFunc("GET /alerts/{id}", func(w http.ResponseWriter, r *http.Request) {
		v, err := a.Alert(r.Context(), r.PathValue("id"))
		respond(w, v, err)
	})
	return mux
}

func respond(w http.ResponseWriter, v any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the client is gone
}

// A controlClient asks a running fedwarden over its socket.
type controlClient struct{ http *http.Client }

// dialControl returns a client of the run that holds dir, or an error if none answers.
func dialControl(ctx context.Context, dir string) (*controlClient, error) {
	path := filepath.Join(dir, socketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	conn.Close()
	return &controlClient{&http.Client{Timeout: controlTimeout, Transport: &http.Transport{DialContext: dial}}}, nil
}

func (c *controlClient) ask(ctx context.Context, path string, v any) error {
	body, err := get(ctx, c.http, "http://fedwarden"+path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// State asks for the state.
func (c *controlClient) State(ctx context.Context) (*stateReport, error) {
	var v stateReport
	return &v, c.ask(ctx, "/state", &v)
}

// Alerts asks for the history.
func (c *controlClient) Alerts(ctx context.Context, q alertQuery) ([]episode, error) {
	var v []episode
	return v, c.ask(ctx, "/alerts?"+q.values().Encode(), &v)
}

// Alert asks for one episode.
func (c *controlClient) Alert(ctx context.Context, id string) (*episode, error) {
	var v episode
	return &v, c.ask(ctx, "/alerts/"+url.PathEscape(id), &v)
}
