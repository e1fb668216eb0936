package sinktest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// An Answer is what a server is told to say to one request, in place of what it would say.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Hang   bool // say nothing until the client gives up or the test ends
}

// maxBody bounds what a server reads of one request.
const maxBody = 1 << 20

// A server is an HTTP server with a script and a memory of T.
type server[T any] struct {
	url  string
	take func(*http.Request, []byte) (T, Answer, bool)

	mu      sync.Mutex
	script  []Answer
	taken   []T
	refused []string
	changed chan struct{}
	done    chan struct{}
}

// start serves until t ends. take judges a request: what it was, what to answer, whether it is taken.
func (s *server[T]) start(t testing.TB, take func(*http.Request, []byte) (T, Answer, bool)) {
	s.take = take
	s.changed = make(chan struct{})
	s.done = make(chan struct{})
	srv := httptest.NewServer(s)
	s.url = srv.URL
	t.Cleanup(func() { close(s.done); srv.Close() })
}

// ServeHTTP answers as the script says, else as the request deserves.
func (s *server[T]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return
	}
	if a, ok := s.scripted(); ok {
		s.note(nil, "scripted")
		s.say(w, r, a)
		return
	}
	got, a, ok := s.take(r, body)
	if ok {
		s.note(&got, "")
	} else {
		s.note(nil, a.Body)
	}
	s.say(w, r, a)
}

func (s *server[T]) say(w http.ResponseWriter, r *http.Request, a Answer) {
	if a.Hang {
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		return
	}
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.Status)
	io.WriteString(w, a.Body)
}

// scripted takes the next answer from the script.
func (s *server[T]) scripted() (Answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.script) == 0 {
		return Answer{}, false
	}
	a := s.script[0]
	s.script = s.script[1:]
	return a, true
}

// note remembers a request, and wakes those who wait for one.
func (s *server[T]) note(got *T, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if got != nil {
		s.taken = append(s.taken, *got)
	} else {
		s.refused = append(s.refused, refusal)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// Script makes the server give these answers to the next requests, one each, whatever they are.
func (s *server[T]) Script(answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script = append(s.script, answers...)
}

// Taken returns what the server took, oldest first.
func (s *server[T]) Taken() []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]T(nil), s.taken...)
}

// Refused returns why requests were refused, oldest first; "scripted" for those of the script.
func (s *server[T]) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}

// Wait returns what the server took as soon as ok says so of it, or the context's error.
func (s *server[T]) Wait(ctx context.Context, ok func([]T) bool) ([]T, error) {
	for {
		s.mu.Lock()
		taken, changed := append([]T(nil), s.taken...), s.changed
		s.mu.Unlock()
		if ok(taken) {
			return taken, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return taken, ctx.Err()
		}
	}
}
