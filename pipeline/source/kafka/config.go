package kafka

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// A Config says which topics are read, and how. Brokers and Topics must be given.
type Config struct {
	Brokers []string // HOST:PORT each; one that answers is enough
	Topics  []string // names, and globs such as mastodon-*
	Group   string   // the consumer group's id; empty: fedwarden
	Start   string   // where a fresh state begins: latest, earliest or a time of RFC 3339; empty: latest
	Decode  string   // auto, raw or json:path.to.field; empty: auto
	TLS     *TLS     // nil: none
	SASL    *SASL    // nil: none

	// Identity stands for the state that the streams' places are kept in, e.g. a short hash of its secret:
	// members of the group with the same one are one deployment. Empty: this process alone.
	Identity string

	Options  func(*parse.Record) parse.Options // what is known of a record's stream; nil: nothing
	Lateness time.Duration                     // zero: 10 s
	Session  time.Duration                     // after which a silent member is dropped; zero: 10 s
	Look     time.Duration                     // how often new partitions are looked for; zero: 5 s
	Now      func() time.Time                  // nil: time.Now
	Log      *slog.Logger                      // nil: none
}

// A TLS says how connections are secured.
type TLS struct {
	CAFile             string // empty: the system's
	CertFile, KeyFile  string // the client's; empty: none
	InsecureSkipVerify bool
}

// A SASL says who we are.
type SASL struct {
	Mechanism          string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username, Password string
}

// A Problem is one mistake in a Config.
type Problem struct {
	Key     string // as the configuration file spells it: "tls.ca_file"
	Message string
}

// The mechanisms that are spoken.
const (
	mechanismPlain = "PLAIN"
	mechanism256   = "SCRAM-SHA-256"
	mechanism512   = "SCRAM-SHA-512"
)

// Validate returns every mistake that can be seen without a broker.
func (c *Config) Validate() []Problem {
	var list []Problem
	add := func(key, message string) { list = append(list, Problem{key, message}) }
	if len(c.Brokers) == 0 {
		add("brokers", "is missing: give at least one HOST:PORT")
	}
	for i, b := range c.Brokers {
		if err := validBroker(b); err != nil {
			add(fmt.Sprintf("brokers[%d]", i), err.Error())
		}
	}
	if len(c.Topics) == 0 {
		add("topics", "is missing: give at least one name or glob")
	}
	for i, t := range c.Topics {
		if err := validTopic(t); err != nil {
			add(fmt.Sprintf("topics[%d]", i), err.Error())
		}
	}
	if _, err := parseStart(c.Start); err != nil {
		add("start", err.Error())
	}
	if _, err := newDecoder(c.Decode); err != nil {
		add("decode", err.Error())
	}
	return slices.Concat(list, c.TLS.validate(), c.SASL.validate())
}

func validBroker(b string) error {
	host, port, err := net.SplitHostPort(b)
	if err != nil || host == "" {
		return errors.New("must be HOST:PORT, as in kafka1.example:9092")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%s is no port: a number up to 65535", port)
	}
	return nil
}

// topicChars are what Kafka allows in a topic's name.
const topicChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

func validTopic(t string) error {
	if isGlob(t) {
		_, err := path.Match(t, "")
		return err
	}
	if t == "" || len(t) > 249 || strings.Trim(t, topicChars) != "" {
		return fmt.Errorf("%q is no topic's name: letters, digits, '.', '_' and '-'", t)
	}
	return nil
}

// isGlob reports whether t is a pattern.
func isGlob(t string) bool { return strings.ContainsAny(t, "*?[") }

// fill puts the defaults in.
func (c *Config) fill() {
	if c.Group == "" {
		c.Group = "fedwarden"
	}
	if c.Identity == "" {
		c.Identity = fmt.Sprintf("%d at %d", os.Getpid(), time.Now().UnixNano())
	}
	if c.Session <= 0 {
		c.Session = 10 * time.Second
	}
	if c.Look <= 0 {
		c.Look = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// err returns the mistakes as one error, nil if there are none.
func (c *Config) err() error {
	var errs []error
	for _, p := range c.Validate() {
		errs = append(errs, fmt.Errorf("kafka: %s: %s", p.Key, p.Message))
	}
	return errors.Join(errs...)
}
