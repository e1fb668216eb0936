package sinktest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// message is a message with one list of blocks.
func message(blocks ...any) string {
	b, err := json.Marshal(map[string]any{"text": "t", "attachments": []any{map[string]any{"blocks": blocks}}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

type obj = map[string]any

func mrkdwn(s string) obj  { return obj{"type": "mrkdwn", "text": s} }
func plain(s string) obj   { return obj{"type": "plain_text", "text": s} }
func section(s string) obj { return obj{"type": "section", "text": mrkdwn(s)} }

func repeat(n int, v any) []any {
	var list []any
	for range n {
		list = append(list, v)
	}
	return list
}

func TestCheckSlack(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		_, err := CheckSlack([]byte(body))
		if got := fmt.Sprint(err); want == "" && err != nil || !strings.Contains(got, want) {
			t.Errorf("%.100s: got %v, want %q", body, err, want)
		}
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	button := func(u, label string) obj { return obj{"type": "button", "text": plain(label), "url": u} }
	actions := func(e ...any) obj { return obj{"type": "actions", "elements": e} }

	f(`{"text":"hello"}`, "")
	f(message(section(x(3000))), "")
	f(message(obj{"type": "header", "text": plain(x(150))}), "")
	f(message(obj{"type": "section", "fields": repeat(10, mrkdwn("a"))}), "")
	f(message(actions(button("https://a.example/", x(75)))), "")
	f(message(obj{"type": "context", "elements": repeat(10, mrkdwn("a"))}), "")
	f(message(section("<!date^1^{time}|then> <https://a.example|a> &amp; `x`")), "")
	f(message(repeat(50, section("a"))...), "")

	f(`{"text":`, "invalid_payload")
	f("{\"text\":\"\xff\"}", "invalid_payload")
	f(`{"text":"a"}{}`, "invalid_payload")
	f(`{"attachments":[]}`, "no_text")
	f(message(repeat(51, section("a"))...), "51 blocks")
	f(message(section(x(3001))), "3001 characters")
	f(message(section(strings.Repeat("😀", 1501))), "3002 characters")
	f(message(section("")), "empty text")
	f(message(obj{"type": "section"}), "needs text or fields")
	f(message(obj{"type": "section", "fields": repeat(11, mrkdwn("a"))}), "11 fields")
	f(message(obj{"type": "section", "fields": repeat(1, mrkdwn(x(2001)))}), "2001 characters")
	f(message(obj{"type": "header", "text": plain(x(151))}), "151 characters")
	f(message(obj{"type": "header", "text": mrkdwn("a")}), "needs a plain_text")
	f(message(obj{"type": "poem"}), "unknown type")
	f(message(obj{"type": "divider", "block_id": x(256)}), "block_id")
	f(message(actions()), "0 elements")
	f(message(actions(repeat(26, button("https://a.example/", "a"))...)), "26 elements")
	f(message(actions(button("https://a.example/", x(76)))), "76 characters")
	f(message(actions(button("javascript:x", "a"))), "url")
	f(message(actions(button("https://a.example/"+x(3000), "a"))), "too long")
	f(message(obj{"type": "context", "elements": repeat(11, mrkdwn("a"))}), "11 elements")
	f(message(obj{"type": "context", "elements": repeat(1, obj{"type": "mrkdwn"})}), "without text")
	f(message(repeat(5, section(x(2700)))...), "msg_blocks_too_long")
	f(message(section("<!channel>")), "<!channel>")
	f(message(section("<!here")), "<!here")
	f(message(section("<@U1>")), "<@U1>")
	f(message(section("a > b")), "> unescaped")
	f(message(section("a & b")), "& unescaped")
	f(message(section("`a")), "does not end")
	f(message(section("a\u202eb")), "U+202E")
	f(`{"text":"<!channel>"}`, "<!channel>")
	f(`{"text":"a","attachments":[{"fallback":"<!channel>"}]}`, "fallback")
}

func post(t *testing.T, url, body string, h http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = h.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

func TestSlackServer(t *testing.T) {
	s := NewSlack(t)
	s.Script(Answer{Status: 503, Body: "later"})
	for _, want := range []int{503, 200, 400} {
		body := `{"text":"hello"}`
		if want == 400 {
			body = `{}`
		}
		if got, text := post(t, s.URL(), body, http.Header{}); got != want {
			t.Errorf("got %d %s, want %d", got, text, want)
		}
	}
	if got := s.Taken(); len(got) != 1 || got[0].Text != "hello" {
		t.Errorf("got %+v, want hello", got)
	}
	if got := s.Refused(); len(got) != 2 || !strings.HasPrefix(got[1], "no_text") {
		t.Errorf("got refusals %q", got)
	}
}

func TestWebhookServer(t *testing.T) {
	const secret = "whsec_ZmVkd2FyZGVuLWV4YW1wbGUtc2VjcmV0LTAwMDE="
	w := NewWebhook(t, secret)
	lib, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"type":"fedwarden.alert.firing","timestamp":"2026-11-18T14:02:00Z","data":{"id":"FW-1","seq":1,"status":"firing","severity":"high"}}`
	f := func(id, body string, at time.Time, want int) {
		t.Helper()
		sig, err := lib.Sign(id, at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
		h.Set("webhook-signature", sig)
		if got, text := post(t, w.URL(), body, h); got != want {
			t.Errorf("%s: got %d %s, want %d", id, got, text, want)
		}
	}
	f("msg_FW-1_1", body, time.Now(), 204)
	f("msg_FW-1_1", body, time.Now().Add(-time.Hour), 401)
	f("msg_FW-2_1", body, time.Now(), 400)
	f("msg_FW-1_1", "{", time.Now(), 400)
	if got, _ := post(t, w.URL(), body, http.Header{}); got != 401 {
		t.Errorf("unsigned: got %d, want 401", got)
	}
	if got := w.Taken(); len(got) != 1 || got[0].Alert.ID != "FW-1" || string(got[0].Body) != body {
		t.Errorf("got %+v", got)
	}
}

func TestWait(t *testing.T) {
	s := NewSlack(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	posted := make(chan int)
	go func() {
		n, _ := post(t, s.URL(), `{"text":"hello"}`, http.Header{})
		posted <- n
	}()
	got, err := s.Wait(ctx, func(m []Message) bool { return len(m) > 0 })
	if err != nil || got[0].Text != "hello" {
		t.Errorf("got %v, %v, want hello", got, err)
	}
	if n := <-posted; n != 200 {
		t.Errorf("got %d, want 200", n)
	}
	cancel()
	if _, err := s.Wait(ctx, func(m []Message) bool { return len(m) > 1 }); err == nil {
		t.Error("got no error after the end of waiting")
	}
}
