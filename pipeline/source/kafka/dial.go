package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

const (
	clientID    = "fedwarden"
	dialTimeout = 10 * time.Second
	metadataTTL = 5 * time.Second // after which a leader that has moved is known
)

// A network makes all connections to brokers: those of the Transport and those of the consumer group.
type network struct {
	tls       *tls.Config
	sasl      sasl.Mechanism
	transport *kafkago.Transport

	mu     sync.Mutex
	open   map[*connection]struct{}
	closed bool
}

// A connection knows its network, which can close it.
type connection struct {
	net.Conn
	home *network
}

// A stepError says at which broker and in which step connecting failed.
type stepError struct {
	step, broker string
	err          error
}

func (e *stepError) Error() string { return fmt.Sprintf("%s %s: %v", e.step, e.broker, e.err) }
func (e *stepError) Unwrap() error { return e.err }

func newNetwork(c *Config) (*network, error) {
	n := &network{open: map[*connection]struct{}{}}
	var err error
	if n.tls, err = c.TLS.config(); err != nil {
		return nil, err
	}
	if n.sasl, err = c.SASL.mechanism(); err != nil {
		return nil, fmt.Errorf("kafka: sasl: %w", err)
	}
	n.transport = &kafkago.Transport{Dial: n.dial, DialTimeout: dialTimeout, MetadataTTL: metadataTTL, ClientID: clientID, SASL: n.sasl}
	return n, nil
}

// client returns a client of these brokers.
func (n *network) client(brokers ...string) *kafkago.Client {
	return &kafkago.Client{Addr: kafkago.TCP(brokers...), Transport: n.transport}
}

// dialer returns what the consumer group connects with. It does not know of TLS: dial does.
func (n *network) dialer() *kafkago.Dialer {
	return &kafkago.Dialer{ClientID: clientID, Timeout: dialTimeout, DialFunc: n.dial, SASLMechanism: n.sasl}
}

// dial connects, with TLS if configured.
func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	plain, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return nil, &stepError{"connect to", address, shortDial(err)}
	}
	secured, err := n.secure(ctx, plain, address)
	if err != nil {
		plain.Close()
		return nil, &stepError{"TLS with", address, err}
	}
	return n.keep(secured)
}

func (n *network) secure(ctx context.Context, plain net.Conn, address string) (net.Conn, error) {
	if n.tls == nil {
		return plain, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	c := n.tls.Clone()
	c.ServerName = host
	secured := tls.Client(plain, c)
	return secured, secured.HandshakeContext(ctx)
}

func (n *network) keep(conn net.Conn) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return nil, net.ErrClosed
	}
	c := &connection{conn, n}
	n.open[c] = struct{}{}
	return c, nil
}

// Close closes the connection and forgets it.
func (c *connection) Close() error {
	c.home.mu.Lock()
	delete(c.home.open, c)
	c.home.mu.Unlock()
	return c.Conn.Close()
}

// close ends all connections and makes no more.
func (n *network) close() {
	n.transport.CloseIdleConnections()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for c := range n.open {
		c.Conn.Close()
	}
}
