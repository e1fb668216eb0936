package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// reach connects to the brokers until one answers. The error names each with its reason.
func (n *network) reach(ctx context.Context, brokers []string) error {
	var errs []error
	for _, b := range brokers {
		_, err := n.probe(ctx, b)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("kafka: no broker answers: %w", errors.Join(errs...))
}

// probe connects to one broker and asks it for something, so that each step is seen to work. It returns how many
// APIs the broker has.
func (n *network) probe(ctx context.Context, broker string) (int, error) {
	conn, err := n.dialer().DialContext(ctx, "tcp", broker)
	if err != nil {
		var step *stepError
		if errors.As(err, &step) {
			return 0, explain(step)
		}
		return 0, explain(&stepError{"SASL with", broker, err})
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	apis, err := conn.ApiVersions()
	if err == nil {
		_, err = conn.Brokers()
	}
	if err != nil {
		return 0, explain(&stepError{"ask", broker, err})
	}
	return len(apis), nil
}

// topicsOf returns the topics that we may see.
func topicsOf(ctx context.Context, client *kafkago.Client) ([]kafkago.Topic, error) {
	res, err := client.Metadata(ctx, &kafkago.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	return res.Topics, nil
}

// wants reports whether a topic is one of those that the configuration names. Kafka's own are meant by no glob.
func wants(patterns []string, t *kafkago.Topic) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if !isGlob(p) {
			return p == t.Name
		}
		ok, _ := path.Match(p, t.Name) // it was checked
		return ok && !t.Internal && !strings.HasPrefix(t.Name, "__")
	})
}

// missing says which topics are named and not there.
func missing(patterns []string, topics []kafkago.Topic) error {
	var errs []error
	for _, p := range patterns {
		if isGlob(p) || slices.ContainsFunc(topics, func(t kafkago.Topic) bool { return t.Name == p }) {
			continue
		}
		errs = append(errs, fmt.Errorf("kafka: topic %s: there is none, or no right to DESCRIBE it%s", p, others(topics)))
	}
	return errors.Join(errs...)
}

// others names some topics that are there.
func others(topics []kafkago.Topic) string {
	var names []string
	for _, t := range topics {
		if !t.Internal && len(names) < 5 {
			names = append(names, t.Name)
		}
	}
	if len(names) == 0 {
		return "; the broker shows no topic at all"
	}
	return "; the broker shows " + strings.Join(names, ", ")
}

// add makes Sources for the partitions that are new.
func (g *Group) add(topics []kafkago.Topic, late bool) ([]*partition, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var fresh []*partition
	for i := range topics {
		if !wants(g.cfg.Topics, &topics[i]) {
			continue
		}
		for _, part := range topics[i].Partitions {
			a := address{topics[i].Name, part.ID}
			if slices.ContainsFunc(g.partitions, func(p *partition) bool { return p.address == a }) {
				continue
			}
			p, err := g.newPartition(a, late)
			if err != nil {
				return nil, err
			}
			fresh = append(fresh, p)
			g.partitions = append(g.partitions, p)
		}
	}
	if len(fresh) > 0 {
		close(g.changed)
		g.changed = make(chan struct{})
	}
	slices.SortFunc(fresh, func(a, b *partition) int {
		return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	return fresh, nil
}

// look looks for new partitions until ctx ends.
func (g *Group) look(ctx context.Context) {
	defer close(g.found)
	ticker := time.NewTicker(g.cfg.Look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		topics, err := topicsOf(ctx, g.client)
		if err != nil {
			continue // the partitions say what is wrong
		}
		fresh, err := g.add(topics, true)
		if err != nil {
			g.cfg.Log.Error("kafka: new partitions", "err", err)
		}
		for _, p := range fresh {
			g.cfg.Log.Info("kafka: partition found", "partition", p.address.String())
			select {
			case g.found <- p:
			case <-ctx.Done():
				return
			}
		}
	}
}
