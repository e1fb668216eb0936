package main

import (
	"time"

	"github.com/fedwarden/fedwarden/pipeline/parse"
	"github.com/fedwarden/fedwarden/pipeline/source/kafka"
)

// A KafkaConfig is an input whose logs shippers put on topics.
type KafkaConfig struct {
	Brokers []string         `yaml:"brokers"` // HOST:PORT; one that answers is enough
	Topics  []string         `yaml:"topics"`  // names, and globs such as mastodon-*
	Group   string           `yaml:"group"`   // the consumer group; fedwarden
	Start   string           `yaml:"start"`   // where a new state begins: latest, earliest or a time; latest
	Decode  string           `yaml:"decode"`  // auto, raw or json:path.to.field; auto
	TLS     *KafkaTLSConfig  `yaml:"tls"`
	SASL    *KafkaSASLConfig `yaml:"sasl"`
}

// A KafkaTLSConfig secures the connections to brokers.
type KafkaTLSConfig struct {
	Enabled            bool   `yaml:"enabled"`
	CAFile             string `yaml:"ca_file"`   // empty: the system's authorities
	CertFile           string `yaml:"cert_file"` // the client's certificate and key, where the brokers want them
	KeyFile            string `yaml:"key_file"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
}

// A KafkaSASLConfig says who fedwarden is.
type KafkaSASLConfig struct {
	Mechanism    string `yaml:"mechanism"` // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`

	password string
}

// validate notes every mistake under the key path at.
func (k *KafkaConfig) validate(at string, d *decoder) {
	c := k.config()
	for _, p := range c.Validate() {
		if p.Key == "sasl.password_file" && k.SASL.PasswordFile != "" {
			continue // that it can't be read is told already
		}
		d.problem(at+"."+p.Key, p.Message)
	}
	if t := k.TLS; t != nil && !t.Enabled && *t != (KafkaTLSConfig{}) {
		d.problem(at+".tls", "is configured, but not enabled: set enabled to true, or take the key away")
	}
}

// config returns what the package kafka needs to know, save what only a run knows.
func (k *KafkaConfig) config() kafka.Config {
	c := kafka.Config{Brokers: k.Brokers, Topics: k.Topics, Group: k.Group, Start: k.Start, Decode: k.Decode}
	if t := k.TLS; t != nil && t.Enabled {
		c.TLS = &kafka.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, InsecureSkipVerify: t.InsecureSkipVerify}
	}
	if s := k.SASL; s != nil {
		c.SASL = &kafka.SASL{Mechanism: s.Mechanism, Username: s.Username, Password: s.password}
	}
	return c
}

// kafkaConfig returns what the package kafka needs to know of an input, save what only a run knows.
func (in *InputConfig) kafkaConfig(c *Config) kafka.Config {
	k := in.Kafka.config()
	options := in.options(c.trusted())
	k.Options = func(*parse.Record) parse.Options { return options }
	k.Lateness = time.Duration(in.Lateness)
	return k
}
