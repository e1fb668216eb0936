package sinks

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// WebhookOptions say where a Webhook delivers and how it signs.
type WebhookOptions struct {
	Name    string           // unique among the sinks; default "webhook"
	URL     Secret           // http or https
	Secrets []Secret         // whsec_…; every one signs, so that they can be changed without a gap; none: unsigned
	Timeout time.Duration    // for a whole delivery; default 15 s
	Now     func() time.Time // default time.Now
}

// A Webhook posts alerts as Standard Webhooks 1.0.0 has it: webhook-id is the same at every attempt,
// webhook-timestamp is the attempt's, and the signature covers both and the body.
type Webhook struct {
	name string
	to   *endpoint
	keys *signer
	now  func() time.Time
}

// NewWebhook returns a sink that posts to o.URL. Its errors name the option, and show nothing of it.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	name, err := checkName(o.Name, "webhook")
	if err != nil {
		return nil, err
	}
	keys, err := newSigner(o.Secrets)
	if err != nil {
		return nil, err
	}
	to, err := newEndpoint(o.URL, o.Timeout, keys.hide...)
	if err != nil {
		return nil, err
	}
	if o.Now != nil {
		to.now = o.Now
	}
	return &Webhook{name: name, to: to, keys: keys, now: to.now}, nil
}

// Name returns the sink's name.
func (w *Webhook) Name() string { return w.name }

// String returns the sink's name and the host it delivers to.
func (w *Webhook) String() string { return w.name + " (" + w.to.host + ")" }

// Send posts a.
func (w *Webhook) Send(ctx context.Context, a *pipeline.Alert) error {
	id := pipeline.DeliveryID(a)
	if !isToken(id) || !isToken(string(a.Status)) {
		return &pipeline.PermanentError{Err: fmt.Errorf("post to %s: alert %q can't be named in a header", w.to.host, clean(id, 60))}
	}
	body := appendLine(nil, webhookBody{"fedwarden.alert." + string(a.Status), a.At, whole(a)})
	body = bytes.TrimSuffix(body, []byte("\n"))
	return w.to.send(ctx, func(ctx context.Context, c *http.Client) error {
		return w.post(ctx, c, id, body)
	})
}

// A webhookBody is the payload; its fields are in the order in which they are sent.
type webhookBody struct {
	Type      string          `json:"type"`
	Timestamp pipeline.Stamp  `json:"timestamp"`
	Data      *pipeline.Alert `json:"data"`
}

// post does the one request of an attempt.
func (w *Webhook) post(ctx context.Context, c *http.Client, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.to.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	at := w.now().Unix()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "fedwarden")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(at, 10))
	if s := w.keys.sign(id, at, body); s != "" {
		req.Header.Set("Webhook-Signature", s)
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// isToken reports whether s can stand in a header that is signed with dots as separators.
func isToken(s string) bool {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	return s != "" && len(s) <= 200 && !strings.ContainsFunc(s, bad)
}
