//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/fedwarden/fedwarden/pipeline/source/kafka/kafkatest"
)

// A stream is a topic of a real Kafka that is written while the run that reads it, and the broker, are killed.
type stream struct {
	*live
	server *kafkatest.Server
	writer *kafkago.Writer
	number int // of the last record
}

// TestKafkaTorture kills `fedwarden run` with SIGKILL, and the broker once, while records are written. In the end
// each was counted once: one in three as an event, one as rejected, one as skipped.
func TestKafkaTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	rounds, kills := 120, 6
	if os.Getenv(tortureFull) == "1" {
		rounds, kills = 2000, 100
	}
	k := &stream{live: newLive(t), server: kafkatest.Start(t, kafkatest.Options{})}
	k.prepare()
	config := k.configure(fmt.Sprintf("instance: {domain: social.example}\ninputs: [{kafka: {brokers: [%q], topics: [logs], start: earliest}}]\n"+
		"sinks: {file: {path: %q}}\nlisten: \"off\"\n", k.server.Addr, k.out))
	run := func() *process {
		return start(t, k.state+".out", nil, k.binary, "run", "--config", config, "--state", k.state)
	}
	p, killed := run(), 0
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range rounds {
		k.write()
		<-tick.C
		if i == rounds/2 {
			k.server.Kill()
			k.server.Restart()
		}
		if rand.IntN(rounds) < kills+kills/4 {
			p.cmd.Process.Signal(syscall.SIGKILL)
			<-p.exited
			p = run()
			killed++
		}
	}
	defer func() { t.Logf("%d records, %d kills: counted %+v", k.number, killed, k.sum()) }() // of a wait that was in vain, too
	p.await("all records", func() bool { return k.sum().Lines >= uint64(k.number) })
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s := k.sum()
	third := uint64(k.number / 3)
	if s.Lines != 3*third || s.Events+s.Late != third || s.Rejected != third || s.Skipped != third || s.Lost != 0 {
		t.Errorf("%d records, counted %+v", k.number, s)
	}
	k.checkHistory()
}

// prepare makes the topic, and a writer that loses nothing.
func (k *stream) prepare() {
	k.t.Helper()
	transport := &kafkago.Transport{}
	k.t.Cleanup(transport.CloseIdleConnections)
	client := &kafkago.Client{Addr: kafkago.TCP(k.server.Addr), Transport: transport}
	res, err := client.CreateTopics(k.t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: "logs", NumPartitions: 2, ReplicationFactor: 1}}})
	if err == nil {
		err = res.Errors["logs"]
	}
	if err != nil {
		k.t.Fatal(err)
	}
	k.writer = &kafkago.Writer{Addr: client.Addr, Topic: "logs", Transport: transport, RequiredAcks: kafkago.RequireAll, BatchSize: 1000,
		BatchTimeout: time.Millisecond, MaxAttempts: 100, WriteBackoffMax: 200 * time.Millisecond}
	k.t.Cleanup(func() { k.writer.Close() })
}

// write appends the next records.
func (k *stream) write() {
	k.t.Helper()
	now := time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700")
	var list []kafkago.Message
	for range 300 {
		text := ""
		switch k.number++; k.number % 3 {
		case 0:
			text = fmt.Sprintf("203.0.113.7 - - [%s] \"POST /inbox HTTP/1.1\" 202 5 \"-\" \"Mastodon/4.5.3 (http.rb/5.3.1; +https://loud.example/)\"", now)
		case 1:
			text = fmt.Sprintf("no line of any log, number %d", k.number)
		case 2:
			text = fmt.Sprintf("2026/11/23 07:21:39 [error] 1#1: of another log, number %d", k.number)
		}
		list = append(list, kafkago.Message{Value: []byte(text)})
	}
	if err := k.writer.WriteMessages(k.t.Context(), list...); err != nil {
		k.t.Fatal(err)
	}
}

// sum adds up what was counted in all streams.
func (k *stream) sum() (sum streamReport) {
	r, _ := k.report()
	for _, s := range r.Streams {
		sum.Lines += s.Lines
		sum.Events += s.Events
		sum.Skipped += s.Skipped
		sum.Rejected += s.Rejected
		sum.Late += s.Late
		sum.Lost += s.Lost
	}
	return sum
}
