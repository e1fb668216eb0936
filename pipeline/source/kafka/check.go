package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// A Verdict is one thing that Check has looked at.
type Verdict struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"` // what mends it; empty when it is well
}

// A checker looks at everything that reading needs, and changes nothing: it joins no group.
type checker struct {
	cfg     Config
	network *network
	client  *kafkago.Client
	samples int
	tell    func(Verdict)
}

// Check tells, one by one, whether brokers, topics, rights and formats are as reading needs them. It looks at the
// last samples records of each partition. The error says why it could not look at all.
func Check(ctx context.Context, c Config, samples int, tell func(Verdict)) error {
	if err := c.err(); err != nil {
		return err
	}
	c.fill()
	n, err := newNetwork(&c)
	if err != nil {
		return err
	}
	defer n.close()
	k := &checker{cfg: c, network: n, client: n.client(c.Brokers...), samples: samples, tell: tell}
	if !k.brokers(ctx) {
		return nil
	}
	topics, err := topicsOf(ctx, k.client)
	if err != nil {
		k.fail("topics", err, "")
		return nil
	}
	k.group(ctx)
	for _, p := range k.cfg.Topics {
		k.pattern(ctx, p, topics)
	}
	return nil
}

func (k *checker) fail(what string, err error, do string) {
	var known *explained
	if err = explain(err); errors.As(err, &known) {
		do, err = known.hint, known.err
	}
	k.tell(Verdict{What: what, Detail: shorten(err), Do: do})
}

// brokers reports whether any broker answers.
func (k *checker) brokers(ctx context.Context) bool {
	any := false
	for _, b := range k.cfg.Brokers {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		apis, err := k.network.probe(ctx, b)
		cancel()
		if err != nil {
			k.fail("broker "+b, err, "check the address, and what stands between")
			continue
		}
		any = true
		k.tell(Verdict{What: "broker " + b, OK: true, Detail: fmt.Sprintf("answers, knows %d APIs", apis)})
	}
	return any
}

// group asks whether we may be a member of the group, by a heartbeat of a member that is none.
func (k *checker) group(ctx context.Context) {
	what := "group " + k.cfg.Group
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	res, err := k.client.Heartbeat(ctx, &kafkago.HeartbeatRequest{GroupID: k.cfg.Group, GenerationID: 1, MemberID: clientID})
	if err == nil {
		err = res.Error
	}
	if err != nil && !errors.Is(err, kafkago.UnknownMemberId) && !errors.Is(err, kafkago.IllegalGeneration) {
		k.fail(what, err, "the group's coordinator must answer")
		return
	}
	g := &Group{cfg: k.cfg, client: k.client}
	members, err := g.describe(ctx)
	switch {
	case errors.Is(err, kafkago.GroupAuthorizationFailed): // READ would imply this right
		k.fail(what, err, "")
	case err != nil: // as while the coordinator is being found
		k.tell(Verdict{What: what, OK: true, Detail: "may be joined; the broker does not say who is in it"})
	case len(members) == 0:
		k.tell(Verdict{What: what, OK: true, Detail: "may be joined; nobody is in it"})
	default:
		k.tell(Verdict{What: what, OK: true, Detail: fmt.Sprintf("may be joined; %d in it, the first is %s", len(members), nameOf(&members[0]))})
	}
}

// pattern looks at all topics that one line of the configuration names.
func (k *checker) pattern(ctx context.Context, pattern string, topics []kafkago.Topic) {
	found := false
	for i := range topics {
		if wants([]string{pattern}, &topics[i]) {
			found = true
			k.topic(ctx, &topics[i])
		}
	}
	switch {
	case found:
	case isGlob(pattern):
		k.tell(Verdict{What: "topic " + pattern, Detail: "matches none" + others(topics), Do: "give topics that are there, or wait: one that comes later is found"})
	default:
		k.tell(Verdict{What: "topic " + pattern, Detail: "there is none, or no right to DESCRIBE it" + others(topics),
			Do: "create it, correct the name, or grant DESCRIBE and READ"})
	}
}

func (k *checker) topic(ctx context.Context, t *kafkago.Topic) {
	what := "topic " + t.Name
	if t.Error != nil {
		k.fail(what, t.Error, "")
		return
	}
	detail := strconv.Itoa(len(t.Partitions)) + " partitions, " + k.retention(ctx, t.Name)
	var leaderless []string
	for _, p := range t.Partitions {
		if p.Error != nil || p.Leader.Host == "" {
			leaderless = append(leaderless, strconv.Itoa(p.ID))
		}
	}
	if len(leaderless) > 0 {
		k.tell(Verdict{What: what, Detail: detail + "; without a leader: " + strings.Join(leaderless, ", "), Do: "bring the brokers of these partitions back"})
		return
	}
	k.tell(Verdict{What: what, OK: true, Detail: detail})
	slices.SortFunc(t.Partitions, func(a, b kafkago.Partition) int { return a.ID - b.ID })
	for _, p := range t.Partitions {
		k.partition(ctx, address{t.Name, p.ID})
	}
}

// retention says for how long a topic keeps its records, if we may know.
func (k *checker) retention(ctx context.Context, topic string) string {
	const unknown = "retention can't be read (it needs DESCRIBE_CONFIGS)"
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	res, err := k.client.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{
		{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"retention.ms"}}}})
	if err != nil || len(res.Resources) == 0 || res.Resources[0].Error != nil || len(res.Resources[0].ConfigEntries) == 0 {
		return unknown
	}
	ms, err := strconv.ParseInt(res.Resources[0].ConfigEntries[0].ConfigValue, 10, 64)
	switch {
	case err != nil:
		return unknown
	case ms < 0:
		return "kept for ever"
	}
	return "kept for " + (time.Duration(ms) * time.Millisecond).String()
}
