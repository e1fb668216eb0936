package sinktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Slack's limits. A message that crosses one is refused as a whole.
const (
	maxBlocks     = 50
	maxHeader     = 150
	maxSection    = 3000
	maxField      = 2000
	maxFields     = 10
	maxActions    = 25
	maxContext    = 10
	maxButton     = 75
	maxButtonURL  = 3000
	maxButtonVal  = 2000
	maxID         = 255
	maxText       = 40000
	maxAllBlocks  = 13200
	maxAttachment = 100
)

// CheckSlack reads a message as Slack does, and returns the error with which Slack would refuse it:
// Slack's word, a colon and what is wrong.
func CheckSlack(body []byte) (Message, error) {
	var m Message
	if !utf8.Valid(body) {
		return m, errors.New("invalid_payload: not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("invalid_payload: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return m, errors.New("invalid_payload: more than one value")
	}
	return m, m.check()
}

func (m Message) check() error {
	if strings.TrimSpace(m.Text) == "" {
		return errors.New("no_text: text is missing")
	}
	if err := markup("text", m.Text, maxText); err != nil {
		return err
	}
	if len(m.Attachments) > maxAttachment {
		return errors.New("invalid_attachments: too many")
	}
	total := 0
	for _, list := range m.lists() {
		if len(list) > maxBlocks {
			return fmt.Errorf("invalid_blocks: %d blocks, at most %d", len(list), maxBlocks)
		}
		for i, b := range list {
			if err := b.check(); err != nil {
				return fmt.Errorf("invalid_blocks: block %d (%s): %w", i, b.Type, err)
			}
			for _, s := range b.texts() {
				total += length(s)
			}
		}
	}
	if total > maxAllBlocks {
		return fmt.Errorf("msg_blocks_too_long: %d characters, at most %d", total, maxAllBlocks)
	}
	return m.checkFallbacks()
}

func (m Message) lists() [][]Block {
	lists := [][]Block{m.Blocks}
	for _, a := range m.Attachments {
		lists = append(lists, a.Blocks)
	}
	return lists
}

func (m Message) checkFallbacks() error {
	for _, a := range m.Attachments {
		if err := markup("fallback", a.Fallback, maxText); err != nil {
			return err
		}
	}
	return nil
}

func (b Block) check() error {
	if len(b.BlockID) > maxID {
		return errors.New("block_id is too long")
	}
	switch b.Type {
	case "header":
		return b.checkHeader()
	case "section":
		return b.checkSection()
	case "actions":
		return b.checkActions()
	case "context":
		return b.checkContext()
	case "divider":
		return nil
	}
	return errors.New("unknown type")
}

func (b Block) checkHeader() error {
	if b.Text == nil || b.Text.Type != "plain_text" {
		return errors.New("needs a plain_text")
	}
	return b.Text.check(maxHeader)
}

func (b Block) checkSection() error {
	if b.Text == nil && len(b.Fields) == 0 {
		return errors.New("needs text or fields")
	}
	if len(b.Fields) > maxFields {
		return fmt.Errorf("%d fields, at most %d", len(b.Fields), maxFields)
	}
	for _, f := range b.Fields {
		if err := f.check(maxField); err != nil {
			return err
		}
	}
	if b.Text == nil {
		return nil
	}
	return b.Text.check(maxSection)
}

func (b Block) checkActions() error {
	if n := len(b.Elements); n < 1 || n > maxActions {
		return fmt.Errorf("%d elements, from 1 to %d", n, maxActions)
	}
	seen := map[string]bool{}
	for _, e := range b.Elements {
		if err := e.checkButton(); err != nil {
			return err
		}
		if e.ActionID != "" && seen[e.ActionID] {
			return fmt.Errorf("action_id %q twice", e.ActionID)
		}
		seen[e.ActionID] = true
	}
	return nil
}

func (e Element) checkButton() error {
	if e.Type != "button" {
		return fmt.Errorf("element of type %q", e.Type)
	}
	var t Text
	if err := json.Unmarshal(e.Text, &t); err != nil || t.Type != "plain_text" {
		return errors.New("a button needs a plain_text")
	}
	if len(e.ActionID) > maxID || length(e.URL) > maxButtonURL || length(e.Value) > maxButtonVal {
		return errors.New("a button's action_id, url or value is too long")
	}
	if u, err := url.Parse(e.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("a button's url %q is none", e.URL)
	}
	return t.check(maxButton)
}

func (b Block) checkContext() error {
	if n := len(b.Elements); n < 1 || n > maxContext {
		return fmt.Errorf("%d elements, from 1 to %d", n, maxContext)
	}
	for _, e := range b.Elements {
		t, err := e.contextText()
		if err != nil {
			return err
		}
		if err := t.check(maxSection); err != nil {
			return err
		}
	}
	return nil
}

func (e Element) contextText() (Text, error) {
	t := Text{Type: e.Type}
	if err := json.Unmarshal(e.Text, &t.Text); err != nil {
		return t, errors.New("an element without text")
	}
	return t, nil
}

func (t Text) check(most int) error {
	switch {
	case t.Text == "":
		return errors.New("empty text")
	case t.Type == "plain_text" && length(t.Text) <= most:
		return shown(t.Text)
	case t.Type == "plain_text":
		return fmt.Errorf("text of %d characters, at most %d", length(t.Text), most)
	case t.Type != "mrkdwn":
		return fmt.Errorf("text of type %q", t.Type)
	}
	return markup("text", t.Text, most)
}

// texts returns all that can be read in b.
func (b Block) texts() []string {
	var list []string
	if b.Text != nil {
		list = append(list, b.Text.Text)
	}
	for _, f := range b.Fields {
		list = append(list, f.Text)
	}
	for _, e := range b.Elements {
		var t Text
		if json.Unmarshal(e.Text, &t) != nil {
			t, _ = e.contextText()
		}
		list = append(list, t.Text, e.URL)
	}
	return list
}

// control finds what stands between < and >, and entity what a & must begin.
var (
	control = regexp.MustCompile(`<[^<>]*>?`)
	date    = regexp.MustCompile(`^<!date\^\d+\^[^<>|^]+\|[^<>|^]+>$`)
	link    = regexp.MustCompile(`^<https?://[^<>|\s]+(\|[^<>|]*)?>$`)
	entity  = regexp.MustCompile(`&(?:(?:amp|lt|gt);)?`)
)

// markup checks mrkdwn: no mention, no broken control sequence, code that ends, and nothing unescaped.
func markup(what, s string, most int) error {
	if n := length(s); n > most {
		return fmt.Errorf("%s of %d characters, at most %d", what, n, most)
	}
	for _, c := range control.FindAllString(s, -1) {
		if !date.MatchString(c) && !link.MatchString(c) {
			return fmt.Errorf("%s holds %q unescaped", what, c)
		}
	}
	rest := control.ReplaceAllString(s, "")
	if strings.Contains(rest, ">") {
		return fmt.Errorf("%s holds > unescaped", what)
	}
	for _, e := range entity.FindAllString(rest, -1) {
		if e == "&" {
			return fmt.Errorf("%s holds & unescaped", what)
		}
	}
	if strings.Count(s, "`")%2 != 0 {
		return fmt.Errorf("%s holds code that does not end", what)
	}
	return shown(s)
}

// shown refuses what a person can't see, but a client may act upon.
func shown(s string) error {
	for _, r := range s {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return fmt.Errorf("text holds %U", r)
		}
	}
	return nil
}

// length counts as Slack does, in UTF-16 units.
func length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
