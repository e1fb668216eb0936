package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// An explained error says what to do about it, too.
type explained struct {
	err  error
	hint string
}

func (e *explained) Error() string { return shorten(e.err) + ": " + e.hint }
func (e *explained) Unwrap() error { return e.err }

// explain adds to err what it means, where that is known.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if hint := hintOf(err); hint != "" {
		return &explained{err, hint}
	}
	return err
}

// A meaning is an error of kafka-go or of a broker, and what it means.
type meaning struct {
	err  error
	hint string
}

var meanings = []meaning{
	{kafkago.SASLAuthenticationFailed, "the broker refuses sasl.username or its password"},
	{kafkago.UnsupportedSASLMechanism, "the broker's listener does not offer this sasl.mechanism"},
	{kafkago.IllegalSASLState, "the broker's listener does not want SASL"},
	{kafkago.TopicAuthorizationFailed, "the user needs READ and DESCRIBE on the topic"},
	{kafkago.GroupAuthorizationFailed, "the user needs READ on the group"},
	{kafkago.ClusterAuthorizationFailed, "the user has no right to this"},
	{kafkago.InconsistentGroupProtocol, "other software is in this group: give another group"},
	{kafkago.UnknownTopicOrPartition, "the topic or the partition is gone, or there is no right to see it"},
	{protocol.ErrNoTopic, "the topic is gone, or there is no right to see it"},
	{protocol.ErrNoPartition, "the partition is gone"},
	{context.DeadlineExceeded, "no answer in time"},
}

func hintOf(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var header tls.RecordHeaderError
	var step *stepError
	switch {
	case errors.As(err, &unknown):
		return "the broker's certificate is not signed by a known authority: set tls.ca_file"
	case errors.As(err, &name):
		return "the broker's certificate is for another name than the one in brokers, or than it advertises"
	case errors.As(err, &header):
		return "the broker's listener does not speak TLS"
	case errors.As(err, &step) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return "the broker closed the connection: does its listener want tls or sasl?"
	}
	for _, m := range meanings {
		if errors.Is(err, m.err) {
			return m.hint
		}
	}
	return ""
}

// shorten takes off what only a programmer reads.
func shorten(err error) string {
	text := err.Error()
	for _, prefix := range []string{"kafka.(*Client).Fetch: ", "kafka.(*Client).ListOffsets: ", "kafka.(*Client).Metadata: ",
		"fetch request error: ", "failed to dial: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return text
}

// shortDial takes off "dial tcp 127.0.0.1:9092: ", which the step says already.
func shortDial(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return op.Err
	}
	return err
}

// isPoison reports whether err tells that an answer came and could not be decoded, rather than that none came.
func isPoison(err error) bool {
	var network net.Error
	var broker kafkago.Error
	var routing protocol.Error
	var step *stepError
	var errno syscall.Errno
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return false
	case errors.As(err, &network), errors.As(err, &broker), errors.As(err, &routing), errors.As(err, &step), errors.As(err, &errno):
		return false
	}
	return true
}
