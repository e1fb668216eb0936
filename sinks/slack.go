package sinks

import (
	"context"
	"net/http"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"github.com/fedwarden/fedwarden/pipeline"
)

// SlackOptions say where a Slack delivers.
type SlackOptions struct {
	Name    string        // unique among the sinks; default "slack"
	URL     Secret        // of an incoming webhook, or of what speaks like one
	Timeout time.Duration // for a whole delivery; default 15 s
}

// Slack takes about one message per second and channel, and short bursts.
const (
	slackEvery = time.Second
	slackBurst = 4
)

// A Slack posts alerts to a channel through an incoming webhook. Such a webhook can't change or thread
// what it posted: an update and the end of an episode are messages of their own.
type Slack struct {
	name  string
	to    *endpoint
	limit *rate.Limiter
}

// NewSlack returns a sink that posts to o.URL. Its errors name the option, and show nothing of it.
func NewSlack(o SlackOptions) (*Slack, error) {
	name, err := checkName(o.Name, "slack")
	if err != nil {
		return nil, err
	}
	to, err := newEndpoint(o.URL, o.Timeout)
	if err != nil {
		return nil, err
	}
	return &Slack{name: name, to: to, limit: rate.NewLimiter(rate.Every(slackEvery), slackBurst)}, nil
}

// Name returns the sink's name.
func (s *Slack) Name() string { return s.name }

// String returns the sink's name and the host it delivers to.
func (s *Slack) String() string { return s.name + " (" + s.to.host + ")" }

// Send posts a, after waiting its turn.
func (s *Slack) Send(ctx context.Context, a *pipeline.Alert) error {
	if err := s.limit.Wait(ctx); err != nil {
		return s.to.failure(err)
	}
	msg := slackMessage(a)
	return s.to.send(ctx, func(ctx context.Context, c *http.Client) error {
		return slack.PostWebhookCustomHTTPContext(ctx, s.to.url, c, msg)
	})
}
