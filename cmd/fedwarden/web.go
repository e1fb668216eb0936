package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
)

// A web serves one handler at one address, and can move to another.
type web struct {
	handler http.Handler
	addr    string // "" or "off": nowhere
	server  *http.Server
}

// move serves at addr instead; if that can't be, all stays as it was. The function that it returns moves
// back.
func (w *web) move(addr string) (back func(), err error) {
	was := w.addr
	if addr == was {
		return func() {}, nil
	}
	l, err := listen(addr)
	if errors.Is(err, syscall.EADDRINUSE) && w.server != nil {
		// It may be us: the same port of all addresses and of one can't be listened on at once.
		w.close()
		if l, err = listen(addr); err != nil {
			return nil, errors.Join(err, w.open(was))
		}
	}
	if err != nil {
		return nil, err
	}
	w.use(addr, l)
	return func() { w.open(was) }, nil //nolint:errcheck // it was ours a moment ago
}

func (w *web) open(addr string) error {
	w.close() // the old address may need the new one's port
	l, err := listen(addr)
	if err != nil {
		return err
	}
	w.use(addr, l)
	return nil
}

// use answers on l, and no longer on what was before; nil is nowhere.
func (w *web) use(addr string, l net.Listener) {
	w.close()
	w.addr = addr
	if l != nil {
		w.server = serve(l, w.handler)
	}
}

func (w *web) close() {
	if w.server != nil {
		w.server.Close()
	}
	w.server, w.addr = nil, ""
}

// listen returns nil for an address that means nowhere.
func listen(addr string) (net.Listener, error) {
	if addr == "off" || addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w (set `listen` to another address, or to off)", err)
	}
	return l, nil
}
