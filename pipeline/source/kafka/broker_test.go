package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/fedwarden/fedwarden/pipeline/source/kafka/kafkatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A broker is what the suite runs against: the fake or a real Kafka.
type broker struct {
	addr string
	real *kafkatest.Server // nil for the fake
	fake *kfake.Cluster
	dir  string // of the fake's data

	transport *kafkago.Transport
	client    *kafkago.Client
}

func startFake(t testing.TB) *broker {
	t.Helper()
	b := &broker{dir: t.TempDir()}
	b.startCluster(t, 0)
	b.connect(t, b.fake.ListenAddrs()[0])
	t.Cleanup(func() { b.fake.Close() })
	return b
}

func (b *broker) startCluster(t testing.TB, port int) {
	t.Helper()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(b.dir), kfake.SyncWrites(),
		kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	b.fake = fake
}

func startReal(t testing.TB) *broker {
	t.Helper()
	b := &broker{real: kafkatest.Start(t, kafkatest.Options{})}
	b.connect(t, b.real.Addr)
	return b
}

func (b *broker) connect(t testing.TB, addr string) {
	b.addr = addr
	b.transport = &kafkago.Transport{MetadataTTL: 500 * time.Millisecond}
	b.client = &kafkago.Client{Addr: kafkago.TCP(addr), Transport: b.transport}
	t.Cleanup(b.transport.CloseIdleConnections)
}

// kill ends the broker; what it has acknowledged stays.
func (b *broker) kill(t testing.TB) {
	if b.real != nil {
		b.real.Kill()
		return
	}
	b.fake.Close()
}

func (b *broker) restart(t testing.TB) {
	t.Helper()
	if b.real != nil {
		b.real.Restart()
		return
	}
	_, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	b.startCluster(t, n)
}

// names makes topics' names differ.
var names atomic.Int64

func topicName(prefix string) string { return fmt.Sprintf("%s-%d", prefix, names.Add(1)) }

// topic makes a topic of that many partitions.
func (b *broker) topic(t testing.TB, partitions int) string {
	t.Helper()
	name := topicName("logs")
	b.create(t, name, partitions)
	return name
}

func (b *broker) create(t testing.TB, name string, partitions int) {
	t.Helper()
	eventually(t, "topic "+name+" is made", func() error {
		res, err := b.client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{
			Topics: []kafkago.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}}})
		if err != nil {
			return err
		}
		return res.Errors[name]
	})
}

func (b *broker) remove(t testing.TB, name string) {
	t.Helper()
	res, err := b.client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{name}})
	if err = errors.Join(err, res.Errors[name]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "topic "+name+" is gone", func() error {
		topics, err := topicsOf(t.Context(), b.client)
		for i := range topics {
			if topics[i].Name == name {
				return errors.New("it is there")
			}
		}
		return err
	})
}

// produce appends records to one partition, in their order.
func (b *broker) produce(t testing.TB, topic string, partition int, messages ...kafkago.Message) {
	t.Helper()
	if err := b.tryProduce(t.Context(), topic, partition, messages...); err != nil {
		t.Fatal(err)
	}
}

func (b *broker) tryProduce(ctx context.Context, topic string, partition int, messages ...kafkago.Message) error {
	w := &kafkago.Writer{Addr: b.client.Addr, Topic: topic, Transport: b.transport, RequiredAcks: kafkago.RequireAll,
		BatchSize: 1000, BatchTimeout: time.Millisecond, MaxAttempts: 100, WriteBackoffMax: 200 * time.Millisecond,
		Balancer: kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return partition })}
	defer w.Close()
	return w.WriteMessages(ctx, messages...)
}

// expire removes all that a partition holds, as retention does.
func (b *broker) expire(t testing.TB, topic string, partition int) {
	t.Helper()
	if b.real == nil {
		if err := b.fake.DeleteRecords(topic, int32(partition), -1); err != nil {
			t.Fatal(err)
		}
		return
	}
	b.setRetention(t, topic, "1")
	eventually(t, "retention has removed all", func() error {
		a := address{topic, partition}
		first, err := listOffset(t.Context(), b.client, a, kafkago.FirstOffset)
		if err != nil {
			return err
		}
		last, err := listOffset(t.Context(), b.client, a, kafkago.LastOffset)
		if err == nil && first < last {
			err = fmt.Errorf("%d to %d are there", first, last)
		}
		return err
	})
	b.setRetention(t, topic, "-1")
}

func (b *broker) setRetention(t testing.TB, topic, ms string) {
	t.Helper()
	res, err := b.client.IncrementalAlterConfigs(t.Context(), &kafkago.IncrementalAlterConfigsRequest{
		Resources: []kafkago.IncrementalAlterConfigsRequestResource{{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic,
			Configs: []kafkago.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms", Value: ms, ConfigOperation: kafkago.ConfigOperationSet}}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Resources[0].Error; err != nil {
		t.Fatal(err)
	}
}

// eventually waits until check has nothing to object.
func eventually(t testing.TB, what string, check func() error) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not so after a minute: %v", what, err)
		}
	}
}
