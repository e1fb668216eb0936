package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
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
	addr := strings.Replace(cfg.Listen, "0.0.0.0", "127.0.0.1", 1)
	if strings.HasPrefix(addr, ":") {
		addr = "127.0.0.1" + addr
	}
	if _, err := get(ctx, http.DefaultClient, "http://"+addr+"/healthz"); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	_, err = fmt.Fprintln(c.out, "ok")
	return err
}
