package sinktest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// A Message is one that Slack took.
type Message struct {
	Text        string       `json:"text"`
	UnfurlLinks *bool        `json:"unfurl_links"`
	UnfurlMedia *bool        `json:"unfurl_media"`
	Blocks      []Block      `json:"blocks"`
	Attachments []Attachment `json:"attachments"`
}

// An Attachment holds blocks beside a bar of colour.
type Attachment struct {
	Color    string  `json:"color"`
	Fallback string  `json:"fallback"`
	Blocks   []Block `json:"blocks"`
}

// A Block is a part of a message; which fields are set depends on its type.
type Block struct {
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id"`
	Text     *Text     `json:"text"`
	Fields   []Text    `json:"fields"`
	Elements []Element `json:"elements"`
}

// A Text is a text object.
type Text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// An Element is a button of an actions block, or a text of a context block: then its Text is a string.
type Element struct {
	Type     string          `json:"type"`
	Text     json.RawMessage `json:"text"`
	ActionID string          `json:"action_id"`
	URL      string          `json:"url"`
	Value    string          `json:"value"`
}

// All returns every text of the message, in order: what a person can read of it.
func (m Message) All() string {
	texts := []string{m.Text}
	for _, b := range m.allBlocks() {
		texts = append(texts, b.texts()...)
	}
	return strings.Join(texts, "\n")
}

// Buttons returns the links of the message's buttons.
func (m Message) Buttons() []string {
	var links []string
	for _, b := range m.allBlocks() {
		for _, e := range b.Elements {
			if e.Type == "button" {
				links = append(links, e.URL)
			}
		}
	}
	return links
}

func (m Message) allBlocks() []Block {
	blocks := append([]Block(nil), m.Blocks...)
	for _, a := range m.Attachments {
		blocks = append(blocks, a.Blocks...)
	}
	return blocks
}

// A Slack is an incoming webhook. It takes what Slack takes, with 200 and "ok", and refuses the rest
// with 400 and Slack's word for it.
type Slack struct{ server[Message] }

// NewSlack starts a Slack that ends with t.
func NewSlack(t testing.TB) *Slack {
	t.Helper()
	s := &Slack{}
	s.start(t, func(r *http.Request, body []byte) (Message, Answer, bool) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			return Message{}, Answer{Status: http.StatusBadRequest, Body: "invalid_payload"}, false
		}
		m, err := CheckSlack(body)
		if err != nil {
			return m, Answer{Status: http.StatusBadRequest, Body: err.Error()}, false
		}
		return m, Answer{Status: http.StatusOK, Body: "ok"}, true
	})
	return s
}

// URL returns where the webhook listens; its path is as secret as a real one's.
func (s *Slack) URL() string { return s.url + "/services/T0FEDWARD/B0WEBHOOK/s3cr3tPathOfTheHook" }
