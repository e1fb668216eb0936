package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

func (t *TLS) validate() []Problem {
	if t == nil {
		return nil
	}
	var list []Problem
	if _, err := t.authorities(); err != nil {
		list = append(list, Problem{"tls.ca_file", err.Error()})
	}
	if _, err := t.certificates(); err != nil {
		list = append(list, Problem{"tls.cert_file", err.Error()})
	}
	return list
}

// authorities returns the certificates that sign brokers'; nil is the system's.
func (t *TLS) authorities() (*x509.CertPool, error) {
	if t.CAFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", t.CAFile)
	}
	return pool, nil
}

// certificates returns the client's own.
func (t *TLS) certificates() ([]tls.Certificate, error) {
	switch {
	case t.CertFile == "" && t.KeyFile == "":
		return nil, nil
	case t.CertFile == "" || t.KeyFile == "":
		return nil, errors.New("cert_file and key_file belong together: give both or none")
	}
	c, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, err
	}
	return []tls.Certificate{c}, nil
}

// config returns what crypto/tls needs; nil for none.
func (t *TLS) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	pool, err := t.authorities()
	if err != nil {
		return nil, fmt.Errorf("kafka: tls.ca_file: %w", err)
	}
	own, err := t.certificates()
	if err != nil {
		return nil, fmt.Errorf("kafka: tls.cert_file: %w", err)
	}
	return &tls.Config{RootCAs: pool, Certificates: own, InsecureSkipVerify: t.InsecureSkipVerify, MinVersion: tls.VersionTLS12}, nil
}

func (s *SASL) validate() []Problem {
	if s == nil {
		return nil
	}
	var list []Problem
	if _, err := s.mechanism(); err != nil {
		list = append(list, Problem{"sasl.mechanism", err.Error()})
	}
	if s.Username == "" {
		list = append(list, Problem{"sasl.username", "is missing"})
	}
	if s.Password == "" {
		list = append(list, Problem{"sasl.password_file", "is missing or empty"})
	}
	return list
}

// mechanism returns what kafka-go needs; nil for none.
func (s *SASL) mechanism() (sasl.Mechanism, error) {
	if s == nil {
		return nil, nil
	}
	switch s.Mechanism {
	case mechanismPlain:
		return plain.Mechanism{Username: s.Username, Password: s.Password}, nil
	case mechanism256:
		return scram.Mechanism(scram.SHA256, s.Username, s.Password)
	case mechanism512:
		return scram.Mechanism(scram.SHA512, s.Username, s.Password)
	}
	return nil, fmt.Errorf("must be %s, %s or %s", mechanismPlain, mechanism256, mechanism512)
}
