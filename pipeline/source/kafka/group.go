package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Group reads the topics of one configuration: a Source for each partition, and the membership that says
// whether it may. Its methods may be called from any goroutine.
type Group struct {
	cfg     Config
	network *network
	client  *kafkago.Client
	member  *member
	found   chan pipeline.Source
	stop    context.CancelFunc
	cut     chan struct{} // closed when stopping has no more time
	workers sync.WaitGroup

	mu         sync.Mutex
	partitions []*partition // in the order of their addresses, those found later behind
	known      map[string]bool
	changed    chan struct{} // closed when partitions has changed
}

// Open finds the partitions that c names and begins to join the group. The error says which broker, topic or
// right is missing.
func Open(ctx context.Context, c Config) (*Group, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	c.fill()
	n, err := newNetwork(&c)
	if err != nil {
		return nil, err
	}
	g := &Group{cfg: c, network: n, client: n.client(c.Brokers...), found: make(chan pipeline.Source), cut: make(chan struct{}),
		known: map[string]bool{}, changed: make(chan struct{})}
	g.member = newMember(g)
	if err := g.open(ctx); err != nil {
		n.close()
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.workers.Go(func() { g.member.run(running) })
	g.workers.Go(func() { g.look(running) })
	return g, nil
}

// open finds the first partitions.
func (g *Group) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	if err := g.network.reach(ctx, g.cfg.Brokers); err != nil {
		return err
	}
	topics, err := topicsOf(ctx, g.client)
	if err != nil {
		return fmt.Errorf("kafka: list topics: %w", explain(err))
	}
	if err := missing(g.cfg.Topics, topics); err != nil {
		return err
	}
	_, err = g.add(topics, false)
	return err
}

// Sources returns one Source for each partition that was there when the Group was opened.
func (g *Group) Sources() []pipeline.Source {
	var list []pipeline.Source
	for _, p := range g.all() {
		if !p.late {
			list = append(list, p)
		}
	}
	return list
}

// Found brings the Sources of partitions that have appeared later. It is closed with the Group.
func (g *Group) Found() <-chan pipeline.Source { return g.found }

// Refused is closed when the group is held by another deployment or by other software. Err says by whom.
func (g *Group) Refused() <-chan struct{} { return g.member.refused }

// Err says why reading was refused; nil if it was not.
func (g *Group) Err() error { return g.member.refusal() }

// Close commits what is durable, leaves the group and closes all connections. The Sources end, too.
func (g *Group) Close() error {
	g.stop()
	timer := time.AfterFunc(leaveWithin, func() { close(g.cut) })
	defer timer.Stop()
	g.workers.Wait()
	for _, p := range g.all() {
		p.Close()
	}
	g.network.close()
	return nil
}

func (g *Group) all() []*partition {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.partitions)
}

// seen notes that a partition of a topic has a place: what has none is new.
func (g *Group) seen(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known[topic] = true
}

func (g *Group) knows(topic string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.known[topic]
}

// subscription returns the topics that have partitions, and what is closed when that has changed.
func (g *Group) subscription() ([]string, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var topics []string
	for _, p := range g.partitions {
		topics = append(topics, p.topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics), g.changed
}

func (g *Group) refusal() error { return g.member.refusal() }

// await waits for the verdict. It returns after a while, so that who waits can be told why.
func (g *Group) await(ctx context.Context) error {
	timer := time.NewTimer(verdictWait)
	defer timer.Stop()
	select {
	case <-g.member.settled:
		return g.refusal()
	case <-g.member.refused:
		return g.refusal()
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	if why := g.member.snapshot().Err; why != "" {
		return errors.New("not assigned yet: " + why)
	}
	return errors.New("not assigned yet: the group has not decided who reads")
}

// holder names the member that the group has given partitions to, if that is not us.
func (g *Group) holder(ctx context.Context) (string, error) {
	members, err := g.describe(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range members {
		for _, t := range m.MemberAssignments.Topics {
			if len(t.Partitions) > 0 {
				return nameOf(&m), nil
			}
		}
	}
	return "", nil
}

func (g *Group) describe(ctx context.Context) ([]kafkago.DescribeGroupsResponseMember, error) {
	res, err := g.client.DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: []string{g.cfg.Group}})
	if err != nil {
		return nil, err
	}
	for _, group := range res.Groups {
		return group.Members, group.Error
	}
	return nil, nil
}

// nameOf names a member for people.
func nameOf(m *kafkago.DescribeGroupsResponseMember) string {
	return fmt.Sprintf("client %.80q at %.80s", m.ClientID, m.ClientHost)
}
