package sinks

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/sinks/sinktest"
)

const (
	exampleSecret = "whsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDE="
	otherSecret   = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlcg=="
)

func newWebhook(t *testing.T, url string, secrets ...string) *Webhook {
	t.Helper()
	o := WebhookOptions{URL: NewSecret(url)}
	for _, s := range secrets {
		o.Secrets = append(o.Secrets, NewSecret(s))
	}
	w, err := NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The vector was computed by other means than this code.
func TestSignVector(t *testing.T) {
	s, err := newSigner([]Secret{NewSecret(exampleSecret)})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"type":"fedwarden.alert.firing","timestamp":"2026-11-18T14:02:00Z","data":{"id":"FW-7K2Q9"}}`
	got := s.sign("msg_FW-7K2Q9_1", 1795010526, []byte(body))
	if want := "v1,TIEcHHpY2scHpttlKKK8MIWCB/fi+LzVNEJRqpoer6Q="; got != want {
		t.Errorf("got signature %s, want %s", got, want)
	}
}

func TestSignLikeTheLibrary(t *testing.T) {
	s, err := newSigner([]Secret{NewSecret(exampleSecret), NewSecret(otherSecret)})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, secret := range []string{exampleSecret, otherSecret} {
		lib, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := lib.Sign("msg_x_1", time.Unix(1795010526, 0), []byte("body"))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, sig)
	}
	if got := s.sign("msg_x_1", 1795010526, []byte("body")); got != strings.Join(want, " ") {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWebhookSend(t *testing.T) {
	f := func(sign, verify []string) {
		t.Helper()
		rx := sinktest.NewWebhook(t, verify...)
		w := newWebhook(t, rx.URL(), sign...)
		for _, a := range []*pipeline.Alert{firing(), updated(), resolved()} {
			if err := w.Send(context.Background(), a); err != nil {
				t.Fatal(err)
			}
		}
		got := rx.Taken()
		if len(got) != 3 || got[0].Type != "fedwarden.alert.firing" || got[1].ID != "msg_FW-7K2Q9M4XTB_2" || got[2].Type != "fedwarden.alert.resolved" {
			t.Fatalf("got %d deliveries: %+v", len(got), got)
		}
		want := `{"type":"fedwarden.alert.firing","timestamp":"2026-11-18T14:02:07Z","data":` +
			strings.TrimSuffix(string(AppendJSON(nil, firing())), "\n") + "}"
		if string(got[0].Body) != want {
			t.Errorf("got body %s, want %s", got[0].Body, want)
		}
		if n := len(strings.Fields(got[0].Signature)); n != len(sign) {
			t.Errorf("got %d signatures, want %d", n, len(sign))
		}
	}
	f([]string{exampleSecret}, []string{exampleSecret})
	f([]string{otherSecret, exampleSecret}, []string{exampleSecret})
	f([]string{otherSecret, exampleSecret}, []string{otherSecret})
	f(nil, nil)
}

func TestWebhookWrongSecret(t *testing.T) {
	rx := sinktest.NewWebhook(t, otherSecret)
	err := newWebhook(t, rx.URL(), exampleSecret).Send(context.Background(), firing())
	if !pipeline.IsPermanent(err) || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("got %v, want a permanent 401", err)
	}
}

// A retry bears the same id and its own time.
func TestWebhookRetryIdentity(t *testing.T) {
	rx := sinktest.NewWebhook(t)
	now := time.Unix(1795010526, 0)
	w, err := NewWebhook(WebhookOptions{URL: NewSecret(rx.URL()), Now: func() time.Time { now = now.Add(time.Minute); return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Send(context.Background(), firing()); err != nil {
			t.Fatal(err)
		}
	}
	got := rx.Taken()
	if got[0].ID != got[1].ID || got[0].Timestamp >= got[1].Timestamp {
		t.Errorf("got ids %s and %s at %s and %s", got[0].ID, got[1].ID, got[0].Timestamp, got[1].Timestamp)
	}
}

func TestWebhookMachineTextIsWhole(t *testing.T) {
	rx := sinktest.NewWebhook(t)
	a := firing()
	a.Summary = "<!channel> https://evil.example `x` \u202e"
	if err := newWebhook(t, rx.URL()).Send(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	if got := rx.Taken()[0].Alert.Summary; got != a.Summary {
		t.Errorf("got %q, want %q as it is", got, a.Summary)
	}
}

func TestWebhookUnusableID(t *testing.T) {
	for _, id := range []string{"a.b", "a\r\nx: y", "ü", strings.Repeat("x", 300)} {
		a := firing()
		a.ID = id
		err := newWebhook(t, "http://127.0.0.1:1/").Send(context.Background(), a)
		if !pipeline.IsPermanent(err) {
			t.Errorf("id %.20q: got %v, want permanent", id, err)
		}
	}
}

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

func TestDecodeSecretErrors(t *testing.T) {
	f := func(secret, want string) {
		t.Helper()
		_, err := NewWebhook(WebhookOptions{URL: NewSecret("http://x.example/"), Secrets: []Secret{NewSecret(exampleSecret), NewSecret(secret)}})
		if err == nil || err.Error() != "secrets[1]: "+want {
			t.Errorf("%q: got %v, want %q", secret, err, want)
		}
		if err != nil && len(secret) > 10 && strings.Contains(err.Error(), secret[6:]) {
			t.Errorf("got %v, which shows the secret", err)
		}
	}
	of := func(n int) string {
		return secretPrefix + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n)))
	}
	f("", "must begin with whsec_")
	f("plain-secret-value", "must begin with whsec_")
	f("whsk_c2VjcmV0c2VjcmV0c2VjcmV0c2Vj", "asymmetric keys are not supported, must be whsec_ and base64")
	f("whsec_not base64!", "must be base64 (standard alphabet, with padding) after whsec_")
	f("whsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDE", "must be base64 (standard alphabet, with padding) after whsec_")
	f(exampleSecret+"\n", "must be base64 (standard alphabet, with padding) after whsec_")
	f(of(23), "must be 24 to 64 bytes in base64, got 23")
	f(of(65), "must be 24 to 64 bytes in base64, got 65")
	for _, n := range []int{24, 64} {
		if _, err := decodeSecret(of(n)); err != nil {
			t.Errorf("%d bytes: got %v, want none", n, err)
		}
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

// The check runs on what is dialled, not on what is written: 0xa9fea9fe is such an address too.
func TestDialRefusesMetadata(t *testing.T) {
	w := newWebhook(t, "http://metadata.example/")
	tr := w.to.base.(*http.Transport)
	_, err := tr.DialContext(context.Background(), "tcp", "169.254.169.254:"+strconv.Itoa(80))
	if !errors.Is(err, errMetadata) {
		t.Errorf("got %v, want the dial refused", err)
	}
}
