package sinktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Delivery is one webhook that was received and verified.
type Delivery struct {
	ID        string // webhook-id
	Timestamp string // webhook-timestamp
	Signature string // webhook-signature
	Type      string
	At        pipeline.Stamp
	Alert     pipeline.Alert
	Body      []byte
}

// A Webhook receives webhooks. It takes those that one of its secrets verifies, with 204; others are
// refused with 401, and with 400 if they are not what they say.
type Webhook struct{ server[Delivery] }

// NewWebhook starts a receiver that ends with t. Without secrets it takes unsigned webhooks.
func NewWebhook(t testing.TB, secrets ...string) *Webhook {
	t.Helper()
	var verifiers []*standardwebhooks.Webhook
	for _, s := range secrets {
		v, err := standardwebhooks.NewWebhook(s)
		if err != nil {
			t.Fatalf("webhook receiver: %v", err)
		}
		verifiers = append(verifiers, v)
	}
	w := &Webhook{}
	w.start(t, func(r *http.Request, body []byte) (Delivery, Answer, bool) {
		d, status, err := receive(r, body, verifiers)
		if err != nil {
			return d, Answer{Status: status, Body: err.Error()}, false
		}
		return d, Answer{Status: http.StatusNoContent}, true
	})
	return w
}

// URL returns where the receiver listens.
func (w *Webhook) URL() string { return w.url + "/hooks/fedwarden" }

// receive verifies and reads a delivery.
func receive(r *http.Request, body []byte, verifiers []*standardwebhooks.Webhook) (Delivery, int, error) {
	d := Delivery{
		ID:        r.Header.Get("webhook-id"),
		Timestamp: r.Header.Get("webhook-timestamp"),
		Signature: r.Header.Get("webhook-signature"),
		Body:      body,
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		return d, http.StatusBadRequest, fmt.Errorf("got %s of %q, want POST of application/json", r.Method, r.Header.Get("Content-Type"))
	}
	if err := verify(r.Header, body, verifiers); err != nil {
		return d, http.StatusUnauthorized, err
	}
	var p struct {
		Type      string         `json:"type"`
		Timestamp pipeline.Stamp `json:"timestamp"`
		Data      pipeline.Alert `json:"data"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return d, http.StatusBadRequest, err
	}
	d.Type, d.At, d.Alert = p.Type, p.Timestamp, p.Data
	if d.ID != pipeline.DeliveryID(&d.Alert) || !strings.HasSuffix(d.Type, "."+string(d.Alert.Status)) {
		return d, http.StatusBadRequest, fmt.Errorf("%s of type %s is not of alert %s, %s", d.ID, d.Type, d.Alert.ID, d.Alert.Status)
	}
	return d, 0, nil
}

// verify returns nil if any of the verifiers accepts the signature, or there are none.
func verify(h http.Header, body []byte, verifiers []*standardwebhooks.Webhook) error {
	var err error
	for _, v := range verifiers {
		if err = v.Verify(body, h); err == nil {
			return nil
		}
	}
	return err
}
