//go:build linux

package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A backend answers as Mastodon's inbox does, and leaves the work to Sidekiq.
type backend struct {
	addr     string
	redis    *redisConn
	enqueued atomic.Int64 // jobs
}

// blocked is the domain that the backend's administrator has suspended.
const blocked = "blocked.example"

func newBackend(t *testing.T, redis *redisConn) *backend {
	t.Helper()
	b := &backend{redis: redis}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	b.addr = srv.Listener.Addr().String()
	return b
}

// ServeHTTP answers a delivery as it deserves, and all else with 200.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/inbox") {
		io.WriteString(w, `{"ok":true}`)
		return
	}
	status, err := b.deliver(r, body)
	w.WriteHeader(status)
	if err != nil {
		fmt.Fprintf(w, `{"error":%q}`, err)
	}
}

var keyID = regexp.MustCompile(`keyId="https://([^/"]+)/[^"]*"`)

// deliver judges in Mastodon's order and words: Deletes of actors whom nobody knows come before the signature.
func (b *backend) deliver(r *http.Request, body []byte) (int, error) {
	var activity struct{ Type, Actor, Object string }
	if err := json.Unmarshal(body, &activity); err != nil {
		return http.StatusBadRequest, fmt.Errorf("no JSON")
	}
	if activity.Type == "Delete" && activity.Actor == activity.Object {
		return http.StatusAccepted, nil
	}
	key := keyID.FindStringSubmatch(r.Header.Get("Signature"))
	switch {
	case key == nil:
		return http.StatusUnauthorized, fmt.Errorf("Request not signed")
	case key[1] == blocked:
		return http.StatusForbidden, nil
	case r.Header.Get("Digest") != digest(body):
		return http.StatusUnauthorized, fmt.Errorf("Verification failed")
	}
	return http.StatusAccepted, b.enqueue("ActivityPub::ProcessingWorker", "ingress", 1, string(body), nil, "Account")
}

// digest returns the Digest header of a body.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// enqueue puts a job into Redis as Sidekiq's client does.
func (b *backend) enqueue(class, queue string, args ...any) error {
	var id [12]byte
	rand.Read(id[:])
	now := float64(time.Now().UnixMicro()) / 1e6
	job, err := json.Marshal(map[string]any{"class": class, "queue": queue, "jid": hex.EncodeToString(id[:]), "args": args,
		"retry": false, "created_at": now, "enqueued_at": now})
	if err != nil {
		return err
	}
	b.enqueued.Add(1)
	if err := b.redis.do("SADD", "queues", queue); err != nil {
		return err
	}
	return b.redis.do("LPUSH", "queue:"+queue, string(job))
}

// A redisConn speaks as much of Redis' protocol as it takes to enqueue a job.
type redisConn struct {
	mu   sync.Mutex
	conn net.Conn
	in   *bufio.Reader
}

func dialRedis(t *testing.T, socket string) *redisConn {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &redisConn{conn: conn, in: bufio.NewReader(conn)}
}

// do sends a command whose answer is one line.
func (c *redisConn) do(words ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out strings.Builder
	fmt.Fprintf(&out, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(c.conn, out.String()); err != nil {
		return err
	}
	line, err := c.in.ReadString('\n')
	if err == nil && line[0] == '-' {
		return fmt.Errorf("redis: %s", strings.TrimSpace(line))
	}
	return err
}
