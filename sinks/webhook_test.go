package sinks

import (
	"context"
	"encoding/base64"
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
