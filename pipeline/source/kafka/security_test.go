package kafka

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/fedwarden/fedwarden/pipeline/source/kafka/kafkatest"
)

// TestSecured reads through TLS and each mechanism, and shows that each mistake names the broker and the step.
func TestSecured(t *testing.T) {
	if testing.Short() {
		t.Skip("a real broker takes a while")
	}
	server := kafkatest.Start(t, kafkatest.Options{Secured: true})
	b := &broker{real: server}
	b.connect(t, server.Addr)
	topic := b.topic(t, 1)
	ca := TLS{CAFile: server.Certs.CA}
	mutual := TLS{CAFile: server.Certs.CA, CertFile: server.Certs.ClientCert, KeyFile: server.Certs.ClientKey}
	user := func(mechanism string) *SASL {
		return &SASL{Mechanism: mechanism, Username: kafkatest.User, Password: kafkatest.Password}
	}
	for name, c := range map[string]Config{
		"plain":          {Brokers: []string{server.Secured}, TLS: &ca, SASL: user(mechanismPlain)},
		"scram 256":      {Brokers: []string{server.Secured}, TLS: &ca, SASL: user(mechanism256)},
		"scram 512":      {Brokers: []string{server.Secured}, TLS: &ca, SASL: user(mechanism512)},
		"mutual":         {Brokers: []string{server.Mutual}, TLS: &mutual},
		"any authority":  {Brokers: []string{server.Secured}, TLS: &TLS{InsecureSkipVerify: true}, SASL: user(mechanism512)},
		"one that hangs": {Brokers: []string{"127.0.0.1:1", server.Mutual}, TLS: &mutual},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, b, topicName("secured"))
			b.create(t, s.cfg.Topics[0], 1)
			s.cfg.Brokers, s.cfg.TLS, s.cfg.SASL = c.Brokers, c.TLS, c.SASL
			b.produce(t, s.cfg.Topics[0], 0, s.lines(0, 10)...)
			r := s.start()
			r.until(10, once)
			r.stop()
		})
	}
	wrong := user(mechanism512)
	wrong.Password = "guess"
	for name, c := range map[string]struct {
		Config
		want []string
	}{
		"no tls":            {Config{Brokers: []string{server.Secured}}, []string{"ask " + server.Secured, "does its listener want tls or sasl?"}},
		"tls to plain":      {Config{Brokers: []string{server.Addr}, TLS: &ca}, []string{"TLS with " + server.Addr}},
		"unknown authority": {Config{Brokers: []string{server.Secured}, TLS: &TLS{}, SASL: user(mechanismPlain)}, []string{"TLS with " + server.Secured, "set tls.ca_file"}},
		"wrong password":    {Config{Brokers: []string{server.Secured}, TLS: &ca, SASL: wrong}, []string{"SASL with " + server.Secured, "refuses sasl.username or its password"}},
		"no sasl":           {Config{Brokers: []string{server.Secured}, TLS: &ca}, []string{"ask " + server.Secured, "does its listener want tls or sasl?"}},
		"sasl to none":      {Config{Brokers: []string{server.Mutual}, TLS: &mutual, SASL: user(mechanismPlain)}, []string{"SASL with " + server.Mutual}},
		"client unknown":    {Config{Brokers: []string{server.Mutual}, TLS: &ca}, []string{server.Mutual}},
		"nobody listens":    {Config{Brokers: []string{"127.0.0.1:1"}}, []string{"connect to 127.0.0.1:1: ", "connection refused"}},
		"not a known host":  {Config{Brokers: []string{"no-such-host.invalid:9092"}}, []string{"connect to no-such-host.invalid:9092: "}},
		"no such authority": {Config{Brokers: []string{server.Secured}, TLS: &TLS{CAFile: "/no/such"}}, []string{"tls.ca_file: open /no/such"}},
		"no PEM":            {Config{Brokers: []string{server.Secured}, TLS: &TLS{CAFile: os.Args[0]}}, []string{"holds no certificate in PEM"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			c.Topics = []string{topic}
			g, err := Open(ctx, c.Config)
			if err == nil {
				g.Close()
				t.Fatal("it was opened")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "guess") {
				t.Errorf("%q tells the password", err)
			}
		})
	}
}

// TestRights: what a user may not do is said, at Open and by Check.
func TestRights(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "seen"), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.User("PLAIN", "reader", "secret", kfake.ACL{Resource: 2, Name: "seen", Pattern: 3, Operation: 8, Allow: true}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	c := Config{Brokers: fake.ListenAddrs(), Topics: []string{"seen"}, SASL: &SASL{Mechanism: "PLAIN", Username: "reader", Password: "secret"}}
	got := map[string]Verdict{}
	if err := Check(t.Context(), c, 5, func(v Verdict) { got[v.What] = v }); err != nil {
		t.Fatal(err)
	}
	if v := got["group fedwarden"]; v.OK || !strings.Contains(v.Do, "READ on the group") {
		t.Errorf("group: %+v", v)
	}
	if v := got["topic seen"]; !v.OK {
		t.Errorf("topic: %+v", v)
	}
	if v := got["partition seen/0"]; v.OK || !strings.Contains(v.Do, "READ") {
		t.Errorf("partition: %+v", v)
	}
	c.Topics = []string{"hidden"}
	if g, err := Open(t.Context(), c); err == nil {
		g.Close()
		t.Error("a topic that may not be seen was opened")
	}
}

func TestPoisonIsTold(t *testing.T) {
	for _, err := range []error{context.DeadlineExceeded, os.ErrDeadlineExceeded, &stepError{"connect to", "x", errors.New("y")}} {
		if isPoison(err) {
			t.Errorf("%v is no poison", err)
		}
	}
	if !isPoison(errors.New("crc32 checksum mismatch")) {
		t.Error("a damaged batch is")
	}
}
