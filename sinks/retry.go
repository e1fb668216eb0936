package sinks

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// maxRetryAfter bounds how long a destination can put fedwarden off: an alert that comes a day late
// helps nobody, and a wrong date must not silence a sink.
const maxRetryAfter = time.Hour

// outcome returns what an answer with that status means for a delivery: nil, a PermanentError, a
// RetryAfterError, or err itself, to be asked again. See the table in the package's documentation.
func outcome(status int, after time.Duration, err error) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case isPermanentStatus(status):
		return &pipeline.PermanentError{Err: err}
	case after > 0:
		return &pipeline.RetryAfterError{Err: err, After: after}
	}
	return err
}

// isPermanentStatus reports whether the destination refused the message, or is gone, for good. Other
// 4xx may be passing (408, 425, 429), and a redirect may be a maintenance page.
func isPermanentStatus(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// retryAfter reads a Retry-After header, seconds or a date; zero is none, or one that is no use.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	seconds, err := strconv.ParseUint(header, 10, 63)
	if err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	if errors.Is(err, strconv.ErrRange) && header[0] != '-' {
		return maxRetryAfter
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, min(date.Sub(now), maxRetryAfter))
}
