package sinks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	defaultTimeout = 15 * time.Second
	maxAnswer      = 4 << 10 // bytes read of an answer that is no success
	maxReason      = 200     // characters of it that an error shows
)

// An endpoint is one HTTP destination and all that is secret about it. Sinks hold it by pointer, so
// that no way of printing a sink shows it.
type endpoint struct {
	url     string
	host    string
	timeout time.Duration
	base    http.RoundTripper
	hide    scrubber
	now     func() time.Time
}

// newEndpoint validates raw; secrets are hidden from errors as the URL is.
func newEndpoint(raw Secret, timeout time.Duration, secrets ...string) (*endpoint, error) {
	u, err := parseURL(raw.Reveal())
	if err != nil {
		return nil, err
	}
	if timeout < 0 {
		return nil, fmt.Errorf("timeout: must not be negative, got %s", timeout)
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	e := &endpoint{
		url:     raw.Reveal(),
		host:    u.Host,
		timeout: timeout,
		hide:    newScrubber(u, append(secrets, raw.Reveal())...),
		now:     time.Now,
	}
	e.base = newTransport(timeout)
	return e, nil
}

// parseURL returns the URL of a destination, or an error that shows nothing of it: net/url's own would.
func parseURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("url: must be set")
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, errors.New("url: must not hold white space or control characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("url: is not a valid URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("url: must be http or https")
	}
	if u.Hostname() == "" {
		return nil, errors.New("url: must name a host")
	}
	if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
		return nil, errors.New("url: port must be from 1 to 65535")
	}
	if strings.HasSuffix(u.Host, ":") {
		return nil, errors.New("url: port is missing after the colon")
	}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil && isMetadata(addr) {
		return nil, fmt.Errorf("url: %w", errMetadata)
	}
	return u, nil
}

var errMetadata = errors.New("link-local and cloud metadata addresses are refused")

var metadataPrefixes = [...]netip.Prefix{
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fd00:ec2::/32"),
	netip.MustParsePrefix("64:ff9b::a9fe:0/112"), // the first, through NAT64
}

// isMetadata reports whether clouds answer at addr with credentials.
func isMetadata(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range metadataPrefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// newTransport makes one connection per delivery: alerts are rare, and a connection that went stale
// since the last one is an error that no alert needs.
func newTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: timeout, Control: refuseMetadata}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    timeout,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// proxy is the environment's; its errors would show the proxy's password.
func proxy(r *http.Request) (*url.URL, error) {
	u, err := http.ProxyFromEnvironment(r)
	if err != nil {
		return nil, errors.New("the proxy in the environment is not a valid address")
	}
	return u, nil
}

// refuseMetadata runs on the address that is about to be dialled, after names were resolved.
func refuseMetadata(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if isMetadata(ap.Addr()) {
		return errMetadata
	}
	return nil
}

// An answer is what a destination said, as far as anybody wants to know.
type answer struct {
	status int
	after  time.Duration
	reason string
}

// A recorder is a transport that keeps the answer and hands on an empty body, so that a library which
// would read it to its end, or throw it away, does neither.
type recorder struct {
	to  *endpoint
	got *answer
}

// RoundTrip does one exchange.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.to.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.got = &answer{
		status: resp.StatusCode,
		after:  retryAfter(resp.Header.Get("Retry-After"), r.to.now()),
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		r.got.reason = r.to.reason(resp.Body)
	}
	resp.Body.Close()
	resp.Body = http.NoBody
	return resp, nil
}

// reason reads what an answer says, without the secrets in it. The end of what was cut is dropped, since
// it could be the beginning of a secret.
func (e *endpoint) reason(body io.Reader) string {
	var b bytes.Buffer
	io.Copy(&b, io.LimitReader(body, maxAnswer+1)) // what came before an error will do
	text := b.String()
	if b.Len() > maxAnswer {
		text = text[:max(0, maxAnswer-e.hide.longest())]
	}
	return strings.TrimSpace(clean(e.hide.scrub(text), maxReason))
}

// send runs post, which must do one request with the client and context it is given, and returns what
// came of it. Only the answer counts: an error that post makes of an answer is of no interest.
func (e *endpoint) send(ctx context.Context, post func(context.Context, *http.Client) error) error {
	if err := ctx.Err(); err != nil {
		return e.failure(err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, e.timeout, errNoAnswer)
	defer cancel()
	r := &recorder{to: e}
	client := &http.Client{Transport: r, CheckRedirect: dontFollow}
	err := post(ctx, client)
	if r.got != nil {
		return outcome(r.got.status, r.got.after, e.refusal(r.got))
	}
	if err == nil {
		panic("BUG: a request without an answer or an error")
	}
	if context.Cause(ctx) == errNoAnswer {
		return e.failure(fmt.Errorf("no answer within %s: %w", e.timeout, context.DeadlineExceeded))
	}
	return e.failure(err)
}

var errNoAnswer = errors.New("no answer in time")

func dontFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// refusal is the error for an answer that is no success.
func (e *endpoint) refusal(a *answer) error {
	text := fmt.Sprintf("post to %s: %d %s", e.host, a.status, http.StatusText(a.status))
	if a.status >= 300 && a.status < 400 {
		text += ": redirects are not followed"
	}
	if a.reason != "" {
		text += ": " + strconv.Quote(a.reason)
	}
	return &sendError{text: text}
}

// failure is the error for a request that got no answer.
func (e *endpoint) failure(err error) error {
	cause := stopped(err)
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	reason := e.hide.scrub(err.Error())
	return &sendError{text: "post to " + e.host + ": " + clean(reason, maxReason), cause: cause}
}

// stopped returns the context's error if err is one, else nil.
func stopped(err error) error {
	for _, c := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, c) {
			return c
		}
	}
	return nil
}

// A sendError is the text of an error, and nothing of what it came from save that somebody stopped it:
// net/http's errors carry the URL.
type sendError struct {
	text  string
	cause error
}

// Error returns the text.
func (e *sendError) Error() string { return e.text }

// Unwrap returns context.Canceled, context.DeadlineExceeded or nil.
func (e *sendError) Unwrap() error { return e.cause }

// checkName validates the name of a sink: it becomes a metric's label.
func checkName(name, otherwise string) (string, error) {
	if name == "" {
		return otherwise, nil
	}
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	if len(name) > 63 || strings.ContainsFunc(name, bad) {
		return "", errors.New("name: must be at most 63 of a-z, 0-9, _ and -")
	}
	return name, nil
}
