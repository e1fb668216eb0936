package sinks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/sinks/sinktest"
)

func TestWebhookAnswers(t *testing.T) {
	rx := sinktest.NewWebhook(t)
	f := func(a sinktest.Answer, permanent bool, after time.Duration, text string) {
		t.Helper()
		rx.Script(a)
		err := newWebhook(t, rx.URL()).Send(context.Background(), firing())
		var r *pipeline.RetryAfterError
		if errors.As(err, &r) != (after > 0) || r != nil && r.After != after {
			t.Errorf("%d: got %#v, want again after %s", a.Status, err, after)
		}
		if err == nil || pipeline.IsPermanent(err) != permanent || !strings.Contains(err.Error(), text) {
			t.Errorf("%d: got %v, want permanent %v and %q", a.Status, err, permanent, text)
		}
	}
	header := func(v string) http.Header { return http.Header{"Retry-After": {v}} }
	f(sinktest.Answer{Status: 429}, false, 0, "429 Too Many Requests")
	f(sinktest.Answer{Status: 429, Header: header("7")}, false, 7*time.Second, "429")
	f(sinktest.Answer{Status: 503, Header: header("Wed, 18 Nov 2099 14:01:00 GMT")}, false, maxRetryAfter, "503")
	f(sinktest.Answer{Status: 429, Header: header("never")}, false, 0, "429")
	f(sinktest.Answer{Status: 500, Body: "boom\x1b[31m"}, false, 0, `500 Internal Server Error: "boom"`)
	f(sinktest.Answer{Status: 404, Header: header("7")}, true, 0, "404 Not Found")
	f(sinktest.Answer{Status: 410}, true, 0, "410 Gone")
	f(sinktest.Answer{Status: 405}, false, 0, "405")
	f(sinktest.Answer{Status: 302, Header: http.Header{"Location": {rx.URL()}}}, false, 0, "302 Found: redirects are not followed")
	f(sinktest.Answer{Status: 307, Header: http.Header{"Location": {"%zz"}}}, false, 0, "307")
	f(sinktest.Answer{Status: 304}, false, 0, "304")
	f(sinktest.Answer{Status: 500, Body: strings.Repeat("x", 1<<20)}, false, 0, strings.Repeat("x", maxReason-1)+"…")
	if n := len(rx.Taken()); n != 0 {
		t.Errorf("got %d deliveries, want none: redirects are not followed", n)
	}
}

func TestSendHangs(t *testing.T) {
	fake := sinktest.NewSlack(t)
	fake.Script(sinktest.Answer{Hang: true}, sinktest.Answer{Hang: true})
	w, err := NewWebhook(WebhookOptions{URL: NewSecret(fake.URL()), Timeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Send(context.Background(), firing())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 20ms") {
		t.Errorf("got %v, want no answer within 20ms", err)
	}
	s := newSlack(t, fake.URL())
	ctx, cancel := context.WithCancel(context.Background())
	heard := make(chan error)
	go func() { heard <- s.Send(ctx, firing()) }()
	wait, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if _, err := fake.Wait(wait, func([]sinktest.Message) bool { return len(fake.Refused()) == 2 }); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-heard; !errors.Is(err, context.Canceled) || pipeline.IsPermanent(err) {
		t.Errorf("got %v, want to be asked again after a stop", err)
	}
	if err := s.Send(ctx, firing()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v from a stopped sink, want canceled", err)
	}
}

func TestNewSinkErrors(t *testing.T) {
	f := func(url, want string) {
		t.Helper()
		_, slackErr := NewSlack(SlackOptions{URL: NewSecret(url)})
		_, hookErr := NewWebhook(WebhookOptions{URL: NewSecret(url)})
		for _, err := range []error{slackErr, hookErr} {
			if fmt.Sprint(err) != want {
				t.Errorf("%q: got %v, want %s", url, err, want)
			}
		}
	}
	f("", "url: must be set")
	f("ftp://x.example/", "url: must be http or https")
	f("hooks.slack.com/services/T/B/X", "url: must be http or https")
	f("file:///etc/passwd", "url: must be http or https")
	f("https:///services/T", "url: must name a host")
	f("https://user:pw@/x", "url: must name a host")
	f("https://user@:443/x", "url: must name a host")
	f("https:opaque", "url: must name a host")
	f("https://x.example:0/", "url: port must be from 1 to 65535")
	f("https://x.example:99999/", "url: port must be from 1 to 65535")
	f("https://x.example:/", "url: port is missing after the colon")
	f("https://x.example:secretport/", "url: is not a valid URL")
	f("https://x.example/%zz", "url: is not a valid URL")
	f("https://x.example/a b", "url: must not hold white space or control characters")
	f("https://x.example/a\n", "url: must not hold white space or control characters")
	f("http://169.254.169.254/latest", "url: link-local and cloud metadata addresses are refused")
	f("http://[fd00:ec2::254]/", "url: link-local and cloud metadata addresses are refused")
	f("http://[::ffff:169.254.169.254]/", "url: link-local and cloud metadata addresses are refused")
	f("http://user:pw@localhost:8065/hooks/x", "<nil>")
	f("https://[2001:db8::1]:8443/x", "<nil>")
	if _, err := NewSlack(SlackOptions{URL: NewSecret("http://x.example/"), Timeout: -1}); err == nil || !strings.HasPrefix(err.Error(), "timeout: ") {
		t.Errorf("got %v, want the timeout refused", err)
	}
	if _, err := NewWebhook(WebhookOptions{URL: NewSecret("http://x.example/"), Name: "a b"}); err == nil || !strings.HasPrefix(err.Error(), "name: ") {
		t.Errorf("got %v, want the name refused", err)
	}
}

func TestRefuseMetadata(t *testing.T) {
	f := func(address string, refused bool) {
		t.Helper()
		if err := refuseMetadata("tcp", address, nil); errors.Is(err, errMetadata) != refused {
			t.Errorf("%s: got %v, want refused %v", address, err, refused)
		}
	}
	f("169.254.169.254:80", true)
	f("169.254.0.1:443", true)
	f("[::ffff:169.254.169.254]:80", true)
	f("[fd00:ec2::254]:80", true)
	f("[64:ff9b::a9fe:a9fe]:80", true)
	f("127.0.0.1:80", false)
	f("169.253.255.255:80", false)
	f("[fd00:ec3::1]:80", false)
	f("[fe80::1%eth0]:80", false)
	if err := refuseMetadata("tcp", "nonsense", nil); err == nil {
		t.Error("got no error for an address that is none")
	}
}

// The check runs on what is dialled, whatever name led there.
func TestDialRefusesMetadata(t *testing.T) {
	w := newWebhook(t, "http://metadata.example/")
	tr := w.to.base.(*http.Transport)
	_, err := tr.DialContext(context.Background(), "tcp", "169.254.169.254:80")
	if !errors.Is(err, errMetadata) {
		t.Errorf("got %v, want the dial refused", err)
	}
}
