//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// TestWebMoves: between addresses of one port, back, to nowhere; and stays where it is if it can't.
func TestWebMoves(t *testing.T) {
	w := &web{handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "here") })}
	defer w.close()
	answers := func(addr string, want bool) {
		t.Helper()
		resp, err := http.Get("http://" + addr)
		if err != nil {
			if want {
				t.Errorf("%s: %v", addr, err)
			}
			return
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err != nil || (string(b) == "here") != want {
			t.Errorf("%s: got %q, %v, want answers: %t", addr, b, err, want)
		}
	}
	move := func(addr string) func() {
		t.Helper()
		back, err := w.move(addr)
		if err != nil {
			t.Fatal(err)
		}
		return back
	}
	port := freePort(t)
	one, all := "127.0.0.1:"+port, "0.0.0.0:"+port
	move(one)
	answers(one, true)
	answers("127.0.0.2:"+port, false)
	back := move(all)
	answers("127.0.0.2:"+port, true)
	back()
	answers(one, true)
	answers("127.0.0.2:"+port, false)

	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if _, err := w.move(busy.Addr().String()); err == nil {
		t.Error("moved to an address that is taken")
	}
	answers(one, true)
	move("off")
	answers(one, false)
	move(one)()
	answers(one, false)
}
