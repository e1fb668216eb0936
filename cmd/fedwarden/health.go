package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

type healthCommand struct {
	Config string `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
}

const healthTimeout = 3 * time.Second

// Run asks /healthz of the address that the configuration names.
func (h *healthCommand) Run(c *console) error {
	cfg, err := loadConfig(h.Config)
	if err != nil {
		return usageError{err}
	}
	if cfg.Listen == "off" {
		return usageError{fmt.Errorf("health: `listen` is off in the configuration")}
	}
	ctx, cancel := context.WithTimeout(c.ctx, healthTimeout)
	defer cancel()
	if _, err := get(ctx, http.DefaultClient, "http://"+reachable(cfg.Listen)+"/healthz"); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	_, err = fmt.Fprintln(c.out, "ok")
	return err
}

// reachable returns where to ask what listens on addr: of all addresses, the loopback.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	switch ip, err := netip.ParseAddr(host); {
	case host == "" || err == nil && ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
