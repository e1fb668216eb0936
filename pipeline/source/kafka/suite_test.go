package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// The suite is run against the fake in every test run, and against a real Kafka where there is one.
var suite = []struct {
	name string
	run  func(t *testing.T, b *broker)
}{
	{"reads what is there and what comes", testFollows},
	{"goes on at the checkpoint alone", testGoesOn},
	{"starts where it is told", testStarts},
	{"a quiet partition keeps its place", testQuiet},
	{"finds topics and partitions that come later", testFinds},
	{"retention that was faster is said", testExpired},
	{"a topic made anew is read from its beginning", testRecreated},
	{"poison is counted and blocks nothing", testPoison},
	{"a broker dies and returns", testBrokerDies},
	{"offsets are committed for Kafka's tools", testCommits},
	{"every codec is read", testCodecs},
	{"another deployment is refused", testRefuses},
	{"a restart after SIGKILL takes over", testTakesOver},
	{"other software in the group is said", testForeign},
	{"nothing that is missing is taken for there", testMissing},
}

func TestFake(t *testing.T) { runSuite(t, startFake) }

func TestReal(t *testing.T) {
	if testing.Short() {
		t.Skip("a real broker takes a while")
	}
	runSuite(t, startReal)
}

func runSuite(t *testing.T, start func(testing.TB) *broker) {
	b := start(t)
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { c.run(t, b) })
	}
}

func testFollows(t *testing.T, b *broker) {
	topic := b.topic(t, 2)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 500)...)
	r := s.start()
	r.until(500, once)
	b.produce(t, topic, 1, s.lines(500, 600)...)
	r.until(600, once)
	r.stop()
}

func testGoesOn(t *testing.T, b *broker) {
	topic := b.topic(t, 3)
	s := newScene(t, b, topic)
	n := 0
	for round := range 4 {
		for p := range 3 {
			b.produce(t, topic, p, s.lines(n, n+100)...)
			n += 100
		}
		r := s.start()
		if round < 3 {
			eventually(t, "something is read", func() error {
				if r.group.Stats().Partitions[0].Records == 0 {
					return errors.New("nothing yet")
				}
				return nil
			})
			if round%2 == 0 {
				r.kill()
			} else {
				r.stop()
			}
			continue
		}
		r.until(n, once)
		if sum := total(r.marks()); sum.Lines != uint64(n) || sum.Late+sum.Lost+sum.Rejected != 0 {
			t.Errorf("counted: %+v", sum)
		}
		r.stop()
	}
}

func testStarts(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	first := newScene(t, b, topic)
	old := first.lines(0, 10)
	for i := range old {
		old[i].Time = time.Now().Add(-time.Hour)
	}
	b.produce(t, topic, 0, old...)
	b.produce(t, topic, 0, first.lines(10, 20)...)
	for start, want := range map[string]int64{"earliest": 0, "latest": 20, "": 20,
		time.Now().Add(-time.Minute).Format(time.RFC3339): 10, time.Now().Add(-2 * time.Hour).Format(time.RFC3339): 0,
		time.Now().Add(time.Hour).Format(time.RFC3339): 20} {
		s := newScene(t, b, topic)
		s.cfg.Start = start
		r := s.start()
		eventually(t, "start "+start, func() error {
			p := r.group.all()[0]
			if !p.stats.begun.Load() {
				return errors.New("not begun")
			}
			return nil
		})
		want := fmt.Sprintf("offset=%d\n", want)
		if log := s.logged.String(); !strings.Contains(log, want) {
			t.Errorf("start %q: no %q in\n%s", start, want, log)
		}
		r.stop()
	}
}

// testQuiet: what comes while nobody reads must not be taken for old, though nothing was read before.
func testQuiet(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	b.produce(t, topic, 0, kafkago.Message{Value: []byte("from before the start")})
	s := newScene(t, b, topic)
	s.cfg.Start = "latest"
	r := s.start()
	eventually(t, "the start is saved", func() error {
		if m := r.marks(); len(m) == 0 || r.store.Info().Generation == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	r.stop()
	b.produce(t, topic, 0, s.lines(0, 50)...)
	r = s.start()
	r.until(50, once)
	r.stop()
}

func testFinds(t *testing.T, b *broker) {
	prefix := topicName("pattern")
	b.create(t, prefix+"-a", 1)
	s := newScene(t, b, prefix+"-*")
	s.cfg.Start = "latest"
	r := s.start()
	b.create(t, prefix+"-b", 2)
	b.create(t, "other-"+prefix, 1)
	b.produce(t, "other-"+prefix, 0, s.lines(0, 10)...)
	b.produce(t, prefix+"-b", 0, s.lines(0, 50)...) // before it can be found: all in it is new
	b.produce(t, prefix+"-b", 1, s.lines(50, 100)...)
	r.untilLines(100)
	res, err := b.client.CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: prefix + "-a", Count: 2, TopicPartitionAssignments: nil}}})
	if err = errors.Join(err, res.Errors[prefix+"-a"]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new partition takes records", func() error {
		return b.tryProduce(t.Context(), prefix+"-a", 1, s.lines(100, 120)...)
	})
	r.untilLines(120)
	r.stop()
}

func testExpired(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 100)...)
	r := s.start()
	r.until(100, once)
	r.stop()
	b.produce(t, topic, 0, s.lines(100, 140)...)
	b.expire(t, topic, 0)
	b.produce(t, topic, 0, s.lines(140, 200)...)
	r = s.start()
	r.until(200, func(n int) uint32 {
		if n >= 100 && n < 140 {
			return 0
		}
		return 1
	})
	if sum := total(r.marks()); sum.Lost != 40 || sum.Late != 0 {
		t.Errorf("counted: %+v, want 40 lost", sum)
	}
	if st := r.group.Stats().Partitions[0]; st.Expired != 40 {
		t.Errorf("%+v", st)
	}
	if !strings.Contains(s.logged.String(), "retention") {
		t.Error("nothing was said")
	}
	r.stop()
}

func testRecreated(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 100)...)
	r := s.start()
	r.until(100, once)
	b.remove(t, topic)
	eventually(t, "the loss is seen", func() error {
		if r.group.Stats().Partitions[0].Err == "" {
			return errors.New("no error yet")
		}
		return nil
	})
	b.create(t, topic, 1)
	b.produce(t, topic, 0, s.lines(100, 150)...)
	r.until(150, once)
	r.stop()
	b.produce(t, topic, 0, s.lines(150, 160)...)
	r = s.start()
	r.until(160, once)
	r.stop()
}

func testPoison(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 10)...)
	b.produce(t, topic, 0, kafkago.Message{Key: []byte("k")}, kafkago.Message{Value: []byte{}},
		kafkago.Message{Value: append([]byte{0x92, 0xd7, 0, 1}, bytes.Repeat([]byte{0xff, 0}, 300)...)},
		kafkago.Message{Value: []byte("\x1b[31mneither a log line\xff nor text")}, kafkago.Message{Value: []byte(`{"a":`)})
	b.produce(t, topic, 0, s.lines(10, 20)...)
	r := s.start()
	r.until(20, once)
	got := r.group.Stats().Partitions[0].Poison
	if want := (Poison{Empty: 2, Binary: 1}); got != want {
		t.Errorf("poison: %+v, want %+v", got, want)
	}
	if sum := total(r.marks()); sum.Events != 20 || sum.Rejected != 3 {
		t.Errorf("counted: %+v", sum)
	}
	r.stop()
}

func testBrokerDies(t *testing.T, b *broker) {
	topic := b.topic(t, 2)
	s := newScene(t, b, topic)
	r := s.start()
	b.produce(t, topic, 0, s.lines(0, 100)...)
	b.kill(t)
	eventually(t, "the loss is seen", func() error {
		if r.group.Stats().Partitions[0].Err == "" {
			return errors.New("no error yet")
		}
		return nil
	})
	b.restart(t)
	b.produce(t, topic, 1, s.lines(100, 200)...)
	r.until(200, once)
	r.stop()
}

func testCommits(t *testing.T, b *broker) {
	topic := b.topic(t, 2)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 70)...)
	b.produce(t, topic, 1, s.lines(70, 100)...)
	r := s.start()
	r.until(100, once)
	committed := func(want0, want1 int64) func() error {
		return func() error {
			res, err := b.client.OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{GroupID: s.cfg.Group, Topics: map[string][]int{topic: {0, 1}}})
			if err != nil {
				return err
			}
			got := map[int]int64{}
			for _, p := range res.Topics[topic] {
				got[p.Partition] = p.CommittedOffset
			}
			if got[0] != want0 || got[1] != want1 {
				return fmt.Errorf("committed %v", got)
			}
			return nil
		}
	}
	eventually(t, "the offsets are committed", committed(70, 30))
	b.produce(t, topic, 1, s.lines(100, 110)...)
	r.until(110, once)
	r.stop()
	eventually(t, "the last ones too", committed(70, 40))
}

func testCodecs(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	for i, codec := range []kafkago.Compression{kafkago.Gzip, kafkago.Snappy, kafkago.Lz4, kafkago.Zstd} {
		w := &kafkago.Writer{Addr: b.client.Addr, Topic: topic, Transport: b.transport, RequiredAcks: kafkago.RequireAll, BatchTimeout: time.Millisecond, Compression: codec}
		if err := w.WriteMessages(t.Context(), s.lines(i*50, i*50+50)...); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	r := s.start()
	r.until(200, once)
	r.stop()
}

func testRefuses(t *testing.T, b *broker) {
	topic := b.topic(t, 2)
	s := newScene(t, b, topic)
	b.produce(t, topic, 0, s.lines(0, 10)...)
	r := s.start()
	r.until(10, once)
	other := newScene(t, b, topic)
	other.cfg.Group, other.cfg.Identity = s.cfg.Group, "another"
	late := other.start()
	select {
	case <-late.group.Refused():
	case <-time.After(time.Minute):
		t.Fatalf("not refused:\n%s", other.logged.String())
	}
	for _, want := range []string{s.cfg.Group, `client "fedwarden" at`, "keys"} {
		if text := late.group.Err().Error(); !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	late.stop()
	b.produce(t, topic, 1, s.lines(10, 20)...)
	r.until(20, once)
	if err := r.group.Err(); err != nil {
		t.Errorf("the one that was first: %v", err)
	}
	r.stop()
}

// testTakesOver: the broker still lists the dead member when the next process joins.
func testTakesOver(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	dead := newScene(t, b, topic)
	old := dead.start()
	eventually(t, "the first one reads", func() error {
		if old.group.Stats().Member != "reading" {
			return errors.New(old.group.Stats().Member)
		}
		return nil
	})
	s := newScene(t, b, topic)
	s.cfg.Group = dead.cfg.Group
	r := s.start() // old is there and answers: the worst case
	b.produce(t, topic, 0, s.lines(0, 10)...)
	r.until(10, once)
	if r.group.Err() != nil {
		t.Error(r.group.Err())
	}
	r.stop()
	old.stop()
}

func testForeign(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	s := newScene(t, b, topic)
	dialer := &kafkago.Dialer{ClientID: "someone-else", Timeout: 5 * time.Second}
	cg, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{ID: s.cfg.Group, Brokers: []string{b.addr}, Topics: []string{topic},
		Dialer: dialer, SessionTimeout: 6 * time.Second, RebalanceTimeout: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer cg.Close()
	if _, err := cg.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := s.start()
	select {
	case <-r.group.Refused():
	case <-time.After(time.Minute):
		t.Fatalf("not refused:\n%s", s.logged.String())
	}
	if text := r.group.Err().Error(); !strings.Contains(text, "other software") || !strings.Contains(text, "someone-else") {
		t.Errorf("%q", text)
	}
	r.stop()
}

func testMissing(t *testing.T, b *broker) {
	topic := b.topic(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := Open(ctx, Config{Brokers: []string{b.addr}, Topics: []string{"no-such-topic", topic}})
	if err == nil || !strings.Contains(err.Error(), "no-such-topic") || strings.Contains(err.Error(), "topic "+topic) {
		t.Errorf("%v", err)
	}
	_, err = Open(ctx, Config{Brokers: []string{"127.0.0.1:1"}, Topics: []string{topic}})
	if err == nil || !strings.Contains(err.Error(), "connect to 127.0.0.1:1") {
		t.Errorf("%v", err)
	}
}
