package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// shapes are what shippers make of a line, by their default configurations.
var shapes = []struct {
	name string
	wrap func(line string, at time.Time) string
}{
	{"raw", func(line string, _ time.Time) string { return line }},
	{"filebeat", func(line string, at time.Time) string {
		return `{"@timestamp":"` + millis(at) + `","@metadata":{"beat":"filebeat","type":"_doc","version":"8.15.3"},"agent":{"name":"web1","type":"filebeat","version":"8.15.3","ephemeral_id":"6e1","id":"a3c"},"ecs":{"version":"8.0.0"},"host":{"name":"web1"},"input":{"type":"filestream"},"log":{"offset":8123311,"file":{"path":"/var/log/nginx/access.log","inode":"131105","device_id":"64769"}},"message":` + quote(line) + `}`
	}},
	{"vector", func(line string, at time.Time) string {
		return `{"file":"/var/log/nginx/access.log","host":"web2","message":` + quote(line) + `,"source_type":"file","timestamp":"` + millis(at) + `"}`
	}},
	{"fluent bit", func(line string, at time.Time) string {
		return fmt.Sprintf(`{"@timestamp":%.6f,"log":%s}`, float64(at.UnixMicro())/1e6, quote(line))
	}},
	{"rsyslog", func(line string, at time.Time) string {
		return at.UTC().Format("2006-01-02T15:04:05.000000-07:00") + " web3 nginx: " + line + "\n"
	}},
}

func millis(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func quote(line string) string {
	b, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestProof: while the reader is stopped and killed, and the broker killed, at random, every record of every
// shape is counted exactly once in the end state. FEDWARDEN_TORTURE=1 does it with two million.
func TestProof(t *testing.T) {
	if testing.Short() {
		t.Skip("killing takes a while")
	}
	n, life, seed := 20_000, 1500, uint64(time.Now().UnixNano())
	if os.Getenv("FEDWARDEN_TORTURE") == "1" {
		n, life = 2_000_000, 4000
	}
	start := startFake
	if os.Getenv("FEDWARDEN_KAFKA_LIBS") != "" || os.Getenv("FEDWARDEN_REQUIRE_SERVERS") == "1" {
		start = startReal
	}
	t.Logf("seed %d", seed)
	p := &proof{t: t, broker: start(t), n: n, life: life, rand: rand.New(rand.NewPCG(seed, 1))}
	p.topic = p.broker.topic(t, proofPartitions)
	p.scene = newScene(t, p.broker, p.topic)
	p.scene.cfg.Lateness = 20 * time.Second
	p.run()
}

const (
	proofPartitions = 3
	proofBatch      = 400
	proofRate       = 20_000 // lines a second
)

// A proof is a producer, a broker and a reader that live and die by chance.
type proof struct {
	t      *testing.T
	broker *broker
	scene  *scene
	topic  string
	n      int
	life   int // of a reader, in milliseconds, at most
	rand   *rand.Rand

	stops, kills, broken int
}

func (p *proof) run() {
	produced := make(chan error, 1)
	go func() { produced <- p.produce(p.t.Context()) }()
	var err error
	for done := false; !done; {
		r := p.scene.start()
		if p.broken == 0 || p.rand.IntN(12) == 0 {
			p.pause(300)
			p.broker.kill(p.t)
			p.broken++
			p.pause(300)
			p.broker.restart(p.t)
		}
		p.pause(p.life)
		if p.rand.IntN(3) == 0 {
			r.stop()
			p.stops++
		} else {
			r.kill()
			p.kills++
		}
		select {
		case err = <-produced:
			done = p.kills >= 3 && p.broken >= 1
			produced <- err
		default:
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	written := p.written()
	records, twice := uint64(0), 0
	for _, times := range written {
		records += uint64(times)
		twice += btoi(times > 1)
	}
	r := p.scene.start()
	r.until(p.n, func(i int) uint32 { return written[i] })
	sum := total(r.marks())
	if sum.Lines != records || sum.Events != records || sum.Lost+sum.Late+sum.Rejected != 0 {
		p.t.Errorf("%d records were written, counted: %+v", records, sum)
	}
	p.t.Logf("%d numbers in %d records (%d of them written twice by the producer), %d stops, %d kills, %d times without a broker: %d counted, %d lost, %d late",
		p.n, records, twice, p.stops, p.kills, p.broken, sum.Events, sum.Lost, sum.Late)
	r.stop()
}

// pause waits for a random while.
func (p *proof) pause(ms int) {
	<-time.After(time.Duration(p.rand.IntN(ms)) * time.Millisecond)
}

// produce writes each number once as far as it can know: when an attempt fails it writes anew, and what the broker
// had taken of the attempt is there twice.
func (p *proof) produce(ctx context.Context) error {
	w := &kafkago.Writer{Addr: p.broker.client.Addr, Topic: p.topic, Transport: p.broker.transport, RequiredAcks: kafkago.RequireAll,
		BatchSize: proofBatch, BatchTimeout: time.Millisecond, MaxAttempts: 1, WriteTimeout: 5 * time.Second, Compression: kafkago.Lz4,
		Balancer: kafkago.BalancerFunc(func(m kafkago.Message, _ ...int) int { return int(m.WriterData.(int)) })}
	defer w.Close()
	tick := time.NewTicker(proofBatch * time.Second / proofRate)
	defer tick.Stop()
	for from := 0; from < p.n; {
		<-tick.C
		err := w.WriteMessages(ctx, p.batch(from, min(from+proofBatch, p.n))...)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			from += proofBatch
		}
	}
	return nil
}

func (p *proof) batch(from, to int) []kafkago.Message {
	var list []kafkago.Message
	for n := from; n < to; n++ {
		at := p.scene.cfg.Now()
		list = append(list, kafkago.Message{Value: []byte(shapes[n%len(shapes)].wrap(line(at, n), at)), WriterData: from / proofBatch % proofPartitions})
	}
	return list
}

var numbered = regexp.MustCompile(`GET /n/(\d+) `)

// written reads how often each number is in the topic.
func (p *proof) written() []uint32 {
	list := make([]uint32, p.n)
	for partition := range proofPartitions {
		a := address{p.topic, partition}
		var end int64
		eventually(p.t, "the broker says where the log ends", func() (err error) {
			end, err = listOffset(p.t.Context(), p.broker.client, a, kafkago.LastOffset)
			return err
		})
		for at := int64(0); at < end; {
			next, err := p.count(a, at, list)
			if err != nil {
				p.t.Fatal(err)
			}
			at = next
		}
	}
	return list
}

func (p *proof) count(a address, at int64, list []uint32) (int64, error) {
	res, err := p.broker.client.Fetch(p.t.Context(), &kafkago.FetchRequest{Topic: a.topic, Partition: a.partition, Offset: at, MinBytes: 1, MaxBytes: 8 << 20})
	if err = errors.Join(err, errorOf(res)); err != nil {
		return 0, err
	}
	stream := res.Records.(*protocol.RecordStream)
	for {
		rec, err := stream.ReadRecord()
		if err != nil {
			return at, nil
		}
		value, err := kafkago.ReadAll(rec.Value)
		if err != nil {
			return 0, err
		}
		if rec.Offset < at {
			continue
		}
		at = rec.Offset + 1
		n, err := strconv.Atoi(string(numbered.FindSubmatch(value)[1]))
		if err != nil {
			return 0, err
		}
		list[n]++
	}
}

func errorOf(res *kafkago.FetchResponse) error {
	if res == nil {
		return nil
	}
	return res.Error
}
