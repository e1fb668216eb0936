package runner

import (
	"context"
	"time"
)

// yieldGrace is how long a run that yields waits for what is being sent just then.
const yieldGrace = 2 * time.Second

// Yield ends the run for another one that goes on from its checkpoint: it saves, and Run returns without
// waiting for deliveries that are not under way. If the state can't be saved, the run goes on as if nothing
// had been asked, and the error says why.
func (r *Runner) Yield(ctx context.Context) error {
	saved := make(chan error, 1)
	call := func() {
		err := r.save()
		r.yielded = err == nil
		saved <- err
	}
	select {
	case r.calls <- call:
		return <-saved
	case <-r.done:
		return errOver
	case <-ctx.Done():
		return ctx.Err()
	}
}

// grace returns how long stopping may take.
func (r *Runner) grace() time.Duration {
	if r.yielded {
		return min(yieldGrace, r.cfg.Grace)
	}
	return r.cfg.Grace
}
