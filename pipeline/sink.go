package pipeline

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// A Sink delivers alerts to one destination. Send is called from one goroutine at a time per Sink, with
// the same alert again until it returns nil or a permanent error: delivery is at least once, and
// DeliveryID is what a receiver drops duplicates by.
type Sink interface {
	// Name is unique among the sinks and safe as a metric label: no address, no secret.
	Name() string
	// Send returns nil when the destination has taken a, an error that satisfies IsPermanent when it
	// never will, and any other error to be asked again later. No error holds a secret.
	Send(ctx context.Context, a *Alert) error
}

// DeliveryID names the delivery of one transition, the same at every attempt.
func DeliveryID(a *Alert) string {
	return "msg_" + a.ID + "_" + strconv.FormatUint(a.Seq, 10)
}

// A PermanentError wraps what no retry can mend.
type PermanentError struct{ Err error }

// Error returns the text of the wrapped error.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *PermanentError) Unwrap() error { return e.Err }

// IsPermanent reports whether err says that asking again is no use.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}

// A RetryAfterError wraps an error with which the destination said when to come again.
type RetryAfterError struct {
	Err   error
	After time.Duration
}

// Error returns the text of the wrapped error.
func (e *RetryAfterError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *RetryAfterError) Unwrap() error { return e.Err }
