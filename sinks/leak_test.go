package sinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/sinks/sinktest"
)

// planted are the secrets that follow, in the forms in which they could get out.
var planted = append([]string{"cGxhbnRlZC1zZWNyZXQtb2YtdGhlLXdlYmhvb2s", "planted-secret-of-the-webhook"}, plantedURL...)

var plantedURL = []string{"T0PLANTED", "B0PLANTED", "s3cr3tPathPl4nted", "t0kenPl4nted", "passw0rdPl4nted"}

const (
	plantedPath   = "/services/T0PLANTED/B0PLANTED/s3cr3tPathPl4nted?token=t0kenPl4nted"
	plantedSecret = "whsec_cGxhbnRlZC1zZWNyZXQtb2YtdGhlLXdlYmhvb2s="
)

// mustNotLeak looks for secrets in all that can be got out of err.
func mustNotLeak(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want one", what)
		return
	}
	var texts string
	for e := err; e != nil; e = errors.Unwrap(e) {
		texts += fmt.Sprintf("%v %+v %#v %q", e, e, e, e)
	}
	for _, secret := range planted {
		if strings.Contains(strings.ToLower(texts), strings.ToLower(secret)) {
			t.Errorf("%s: got %q in %v", what, secret, err)
		}
	}
}

func both(t *testing.T, url string) []pipeline.Sink {
	t.Helper()
	url = strings.Replace(url, "://", "://bob:passw0rdPl4nted@", 1)
	s, err := NewSlack(SlackOptions{URL: NewSecret(url), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWebhook(WebhookOptions{URL: NewSecret(url), Timeout: 5 * time.Second, Secrets: []Secret{NewSecret(plantedSecret)}})
	if err != nil {
		t.Fatal(err)
	}
	return []pipeline.Sink{s, w}
}

// echo answers with all that it was sent, and what it can know of the secrets.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		known := plantedURL
		if r.Header.Get("webhook-signature") != "" {
			known = planted
		}
		user, password, _ := r.BasicAuth()
		w.Header().Set("Location", "/elsewhere"+r.URL.String())
		w.WriteHeader(status)
		fmt.Fprintln(w, r.URL, r.URL.RawQuery, strings.ToUpper(r.URL.Path), user, password, strings.Join(known, " "))
		fmt.Fprint(w, strings.Repeat(" "+r.URL.String(), 200))
	}
}

func TestErrorsHideSecrets(t *testing.T) {
	f := func(what, base string) {
		t.Helper()
		for _, s := range both(t, base+plantedPath) {
			mustNotLeak(t, what+" to "+s.Name(), s.Send(context.Background(), firing()))
		}
	}
	for _, status := range []int{301, 302, 307, 400, 404, 410, 429, 500, 503} {
		srv := httptest.NewServer(echo(status))
		f(fmt.Sprint("echo with ", status), srv.URL)
		srv.Close()
		f("connection refused", srv.URL)
	}
	plain := httptest.NewServer(echo(200))
	defer plain.Close()
	f("TLS to a plain server", strings.Replace(plain.URL, "http:", "https:", 1))
	tls := httptest.NewUnstartedServer(echo(200))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	defer tls.Close()
	f("unknown authority", tls.URL)
	f("no such host", "http://host.invalid")
	f("malformed answer", rawServer(t, "HTTP/9 "+plantedPath+" "+strings.Join(plantedURL, " ")+"\r\n\r\n"))
	f("malformed location", rawServer(t, "HTTP/1.1 302 Found\r\nLocation: "+plantedPath+"%zz\r\nContent-Length: 0\r\n\r\n"))
	f("no answer at all", rawServer(t, ""))
	f("endless headers", rawServer(t, "HTTP/1.1 200 OK\r\nx: "+strings.Repeat("s3cr3tPathPl4nted", 8000)+"\r\n\r\n"))
}

// rawServer answers every connection with these bytes.
func rawServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1<<16))
			c.Write([]byte(answer))
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestStoppedHidesSecrets(t *testing.T) {
	fake := sinktest.NewSlack(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	for _, s := range both(t, strings.TrimSuffix(fake.URL(), "/services/T0FEDWARD/B0WEBHOOK/s3cr3tPathOfTheHook")+plantedPath) {
		fake.Script(sinktest.Answer{Hang: true})
		mustNotLeak(t, "stopped", s.Send(ctx, firing()))
		mustNotLeak(t, "already stopped", s.Send(ctx, firing()))
	}
}

func TestSinksHideSecrets(t *testing.T) {
	for _, s := range both(t, "http://hooks.example"+plantedPath) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			mustNotLeak(t, s.Name()+" as "+verb, errors.New(fmt.Sprintf(verb, s)+s.Name()))
		}
		if got := fmt.Sprint(s); !strings.Contains(got, "hooks.example") {
			t.Errorf("got %q, want the host", got)
		}
	}
	o := SlackOptions{URL: NewSecret("http://hooks.example" + plantedPath)}
	mustNotLeak(t, "options", fmt.Errorf("%v %+v %#v", o, o, o))
}

func TestConstructionHidesSecrets(t *testing.T) {
	for _, url := range []string{
		"https://x.example:badport" + plantedPath,
		"ftp://x.example" + plantedPath,
		"https://" + plantedPath,
		"https://x.example" + plantedPath + "%zz\x7f",
		"https://x.example/%zz" + plantedPath,
		"https://bob:passw0rdPl4nted@",
		"https://169.254.169.254" + plantedPath,
		"s3cr3tPathPl4nted",
	} {
		_, err := NewSlack(SlackOptions{URL: NewSecret(url)})
		mustNotLeak(t, "slack", err)
		_, err = NewWebhook(WebhookOptions{URL: NewSecret(url)})
		mustNotLeak(t, "webhook", err)
	}
	for _, secret := range []string{"planted-secret-of-the-webhook", plantedSecret + "=", plantedSecret + "!", "whsec_cGxhbnRlZA=="} {
		_, err := NewWebhook(WebhookOptions{URL: NewSecret("https://x.example/"), Secrets: []Secret{NewSecret(secret)}})
		mustNotLeak(t, "secret", err)
	}
}
