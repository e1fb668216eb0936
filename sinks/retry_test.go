package sinks

import (
	"errors"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 18, 14, 2, 0, 0, time.UTC)
	f := func(header string, want time.Duration) {
		t.Helper()
		if got := retryAfter(header, now); got != want {
			t.Errorf("retryAfter(%q): got %s, want %s", header, got, want)
		}
	}
	f("", 0)
	f("0", 0)
	f("30", 30*time.Second)
	f(" 30 ", 30*time.Second)
	f("-5", 0)
	f("-99999999999999999999", 0)
	f("1.5", 0)
	f("soon", 0)
	f("86400", maxRetryAfter)
	f("99999999999999999999999", maxRetryAfter)
	f("Wed, 18 Nov 2026 14:02:10 GMT", 10*time.Second)
	f("Wed, 18 Nov 2026 14:01:00 GMT", 0)
	f("Wed, 18 Nov 2099 14:01:00 GMT", maxRetryAfter)
}

func TestOutcome(t *testing.T) {
	cause := errors.New("said so")
	for status := 100; status < 600; status++ {
		err := outcome(status, time.Minute, cause)
		var after *pipeline.RetryAfterError
		switch status {
		case 400, 401, 403, 404, 410, 413, 422:
			if !pipeline.IsPermanent(err) || !errors.Is(err, cause) {
				t.Errorf("%d: got %v, want permanent", status, err)
			}
		default:
			if taken := status/100 == 2; taken != (err == nil) {
				t.Errorf("%d: got %v, want taken %v", status, err, taken)
			} else if !taken && (!errors.As(err, &after) || after.After != time.Minute || pipeline.IsPermanent(err)) {
				t.Errorf("%d: got %v, want again after a minute", status, err)
			}
		}
	}
	if err := outcome(503, 0, cause); err != cause {
		t.Errorf("got %v, want the cause itself", err)
	}
}
