package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/fedwarden/fedwarden/pipeline/source/kafka"
)

const kafkaLine = `203.0.113.7 - - [18/Nov/2026:14:07:58 +0000] "POST /inbox HTTP/2.0" 202 0 "-" "Mastodon/4.3.1; +https://peer.example/"`

// kafkaCheck runs the command on a configuration.
func kafkaCheck(t *testing.T, config string, output string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := (&kafkaCheckCommand{Config: path, Records: 20, Output: output}).Run(&console{ctx: t.Context(), out: &out, err: &out})
	return out.String(), err
}

func fakeKafka(t *testing.T) (addr string) {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "nginx-access", "empty", "images"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	addr = fake.ListenAddrs()[0]
	transport := &kafkago.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w := &kafkago.Writer{Addr: kafkago.TCP(addr), Transport: transport, RequiredAcks: kafkago.RequireAll, BatchTimeout: 1,
		Balancer: kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return 0 })}
	defer w.Close()
	for topic, value := range map[string]string{"nginx-access": kafkaLine, "images": "\x89PNG\r\n\x1a\n\x00\x00"} {
		if err := w.WriteMessages(t.Context(), kafkago.Message{Topic: topic, Value: []byte(value)}); err != nil {
			t.Fatal(err)
		}
	}
	return addr
}

func TestKafkaCheck(t *testing.T) {
	addr := fakeKafka(t)
	out, err := kafkaCheck(t, fmt.Sprintf("inputs: [{kafka: {brokers: [%q], topics: [\"nginx-*\", empty]}}]", addr), "text")
	if err != nil {
		t.Errorf("%v", err)
	}
	for _, want := range []string{"ok   broker " + addr, "ok   group fedwarden: may be joined; nobody is in it", "ok   topic nginx-access: 2 partitions, kept for",
		"ok   partition nginx-access/0: last 1 records", "lines: 1 nginx", "ok   partition empty/1: may be read; it holds no record"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestKafkaCheckFails(t *testing.T) {
	addr := fakeKafka(t)
	out, err := kafkaCheck(t, fmt.Sprintf("inputs: [{kafka: {brokers: [%q, \"127.0.0.1:1\"], topics: [gone, images, \"rails-*\"]}}]", addr), "json")
	if err == nil || exitCode(&console{err: &bytes.Buffer{}}, err) != exitFailed {
		t.Errorf("error %v", err)
	}
	got := map[string]kafka.Verdict{}
	for line := range strings.Lines(out) {
		var v kafka.Verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		got[v.What] = v
	}
	for what, ok := range map[string]bool{"broker " + addr: true, "broker 127.0.0.1:1": false, "topic gone": false, "topic rails-*": false,
		"topic images": true, "partition images/0": false, "partition images/1": true} {
		v, there := got[what]
		if !there || v.OK != ok || !ok && v.Do == "" {
			t.Errorf("%s: got %+v, want ok %v and what to do", what, v, ok)
		}
	}
}

func TestKafkaConfig(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := load(t, fmt.Sprintf(`
inputs:
  - lateness: 20s
    kafka:
      brokers: [k1.example:9093]
      topics: [nginx-access, "mastodon-*"]
      start: 2026-11-18T00:00:00Z
      tls: {enabled: true}
      sasl: {mechanism: SCRAM-SHA-512, username: fedwarden, password_file: %s}
      decode: json:payload.line
`, password))
	if err != nil {
		t.Fatal(err)
	}
	k := cfg.Inputs[0].kafkaConfig(cfg)
	if k.TLS == nil || k.SASL.Password != "hunter2" || k.Lateness.Seconds() != 20 || k.Decode != "json:payload.line" || len(k.Topics) != 2 {
		t.Errorf("got %+v", k)
	}
	var out bytes.Buffer
	if err := printConfig(&console{out: &out}, cfg); err != nil || strings.Contains(out.String(), "hunter2") {
		t.Errorf("%v, printed %s", err, out.String())
	}
}

func TestKafkaConfigMistakes(t *testing.T) {
	_, err := load(t, `
inputs:
  - path: /var/log/a.log
    kafka: {brokers: [a:1], topics: [a]}
  - kafka:
      brokers: [nowhere, "host:99999"]
      topics: ["a b", "[x"]
      start: yesterday
      decode: "json:"
      tls: {ca_file: /ca.pem}
      sasl: {mechanism: GSSAPI, password: geheim}
  - kafka:
      tls: {enabled: true, ca_file: /no/such.pem, cert_file: /c.pem}
      sasl: {mechanism: PLAIN, username: u, password_file: /no/such}
`)
	if err == nil {
		t.Fatal("no mistake was seen")
	}
	for _, want := range []string{"inputs[0].kafka: does not go with path", "inputs[1].kafka.brokers[0]: must be HOST:PORT", "99999 is no port",
		`"a b" is no topic's name`, "topics[1]: syntax error in pattern", "start: must be latest, earliest or a time", "decode: must be auto, raw or json:",
		"inputs[1].kafka.tls: is configured, but not enabled", "sasl.mechanism: must be PLAIN", "sasl.username: is missing", "sasl.password: unknown key",
		"inputs[2].kafka.brokers: is missing", "inputs[2].kafka.topics: is missing", "tls.ca_file: open /no/such.pem", "cert_file and key_file belong together",
		"sasl.password_file: open /no/such"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "geheim") {
		t.Errorf("a password is shown:\n%v", err)
	}
}
