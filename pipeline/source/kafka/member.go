package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

const (
	commitEvery = time.Second
	leaveWithin = 3 * time.Second
	rejoinAfter = time.Second
)

// A member is our membership of the consumer group: it decides whether we may read, and tells Kafka how far
// we are.
type member struct {
	group *Group
	since int64

	settled chan struct{} // closed when we may read
	refused chan struct{} // closed when we may not; why is set before

	mu      sync.Mutex
	may     bool
	why     error
	lastErr string    // of joining; empty while joined
	empty   time.Time // since when we are given nothing; zero: we are given something, or were not asked
	gen     *kafkago.Generation
	dirty   map[address]int64 // offsets that Kafka is to be told
}

func newMember(g *Group) *member {
	return &member{group: g, since: g.cfg.Now().UnixNano(), settled: make(chan struct{}), refused: make(chan struct{}),
		dirty: map[address]int64{}}
}

func (m *member) claim() claim {
	m.mu.Lock()
	defer m.mu.Unlock()
	return claim{Identity: m.group.cfg.Identity, Since: m.since, Holds: m.may}
}

// run is a member of the group until ctx ends, joining again when there are other topics or partitions.
func (m *member) run(ctx context.Context) {
	for ctx.Err() == nil && m.refusal() == nil {
		topics, changed := m.group.subscription()
		if len(topics) == 0 {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		joined, leave := context.WithCancel(ctx)
		go func() {
			select {
			case <-changed:
			case <-m.refused:
			case <-joined.Done():
			}
			leave()
		}()
		m.join(joined, topics)
		leave()
	}
}

// join takes part in generations until ctx ends.
func (m *member) join(ctx context.Context, topics []string) {
	c := &m.group.cfg
	cg, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{ID: c.Group, Brokers: c.Brokers, Topics: topics,
		Dialer: m.group.network.dialer(), GroupBalancers: []kafkago.GroupBalancer{balancer{m.claim}},
		HeartbeatInterval: c.Session / 10, SessionTimeout: c.Session, RebalanceTimeout: c.Session, JoinGroupBackoff: rejoinAfter,
		StartOffset: kafkago.LastOffset})
	if err != nil {
		m.failed(err)
		<-ctx.Done()
		return
	}
	for {
		gen, err := cg.Next(ctx)
		switch {
		case ctx.Err() != nil:
			m.leave(cg)
			return
		case err != nil:
			m.failed(err)
		default:
			m.begin(gen)
		}
	}
}

// leave gives the group's place up. Whatever hangs then is cut off, so that stopping takes no longer.
func (m *member) leave(cg *kafkago.ConsumerGroup) {
	m.flush()
	left := make(chan struct{})
	go func() {
		cg.Close()
		close(left)
	}()
	select {
	case <-left:
	case <-time.After(leaveWithin):
	case <-m.group.cut:
	}
}

// begin takes a generation's verdict.
func (m *member) begin(gen *kafkago.Generation) {
	n := 0
	for _, partitions := range gen.Assignments {
		n += len(partitions)
	}
	m.mu.Lock()
	m.gen, m.lastErr = gen, ""
	if n > 0 {
		m.empty = time.Time{}
		if !m.may {
			m.may = true
			close(m.settled)
		}
	} else if m.empty.IsZero() {
		m.empty = time.Now()
	}
	m.mu.Unlock()
	m.group.cfg.Log.Info("kafka: group joined", "group", gen.GroupID, "generation", gen.ID, "partitions", n)
	gen.Start(func(ctx context.Context) { m.attend(ctx, n == 0) })
}

// attend commits while the generation lasts, and looks who else holds the group when we are given nothing.
func (m *member) attend(ctx context.Context, idle bool) {
	ticker := time.NewTicker(commitEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if !idle {
				m.flush()
			} else if m.emptyFor() > 2*m.group.cfg.Session {
				m.judge()
			}
		}
	}
}

// emptyFor returns for how long we have been given nothing.
func (m *member) emptyFor() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.empty.IsZero() {
		return 0
	}
	return time.Since(m.empty)
}

// judge refuses if another member holds the group. A dead one would have been dropped by now.
func (m *member) judge() {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	holder, err := m.group.holder(ctx)
	if err != nil || holder == "" {
		return
	}
	m.refuse(fmt.Errorf("kafka: the group %q is held by %s: records without keys can't be shared, since each member would see "+
		"a part of every domain's traffic; scale-out needs topics keyed by domain: stop the other one, or give another group", m.group.cfg.Group, holder))
}

func (m *member) refuse(why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.why != nil {
		return
	}
	m.why = why
	m.group.cfg.Log.Error("kafka: refused", "err", why)
	close(m.refused)
}

func (m *member) refusal() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.why
}

// failed takes an error of joining. A group that is other software's is refused once a dead member of it would
// have been dropped; any other error is waited out.
func (m *member) failed(err error) {
	if errors.Is(err, kafkago.RebalanceInProgress) {
		return
	}
	m.mu.Lock()
	text, again := shorten(err), m.empty
	if text != m.lastErr {
		m.lastErr = text
		m.group.cfg.Log.Warn("kafka: can't join the group", "group", m.group.cfg.Group, "err", explain(err))
	}
	foreign := errors.Is(err, kafkago.InconsistentGroupProtocol)
	if foreign && again.IsZero() {
		m.empty = time.Now()
	}
	m.mu.Unlock()
	if foreign && m.emptyFor() > 2*m.group.cfg.Session {
		m.refuse(fmt.Errorf("kafka: the group %q is used by other software%s: give another group", m.group.cfg.Group, m.who()))
	}
}

// who names the members of the group, for an error; empty if they can't be asked for.
func (m *member) who() string {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	members, err := m.group.describe(ctx)
	if err != nil || len(members) == 0 {
		return ""
	}
	var names []string
	for _, other := range members {
		names = append(names, nameOf(&other))
	}
	return " (" + strings.Join(names, ", ") + ")"
}

func (m *member) snapshot() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Stats{Member: "waiting", Err: m.lastErr}
	if m.may {
		s.Member = "reading"
	}
	if m.why != nil {
		s.Member, s.Err = "refused", m.why.Error()
	}
	if m.gen != nil {
		s.Generation = m.gen.ID
	}
	return s
}
