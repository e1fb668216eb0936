package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A script answers fetches as a broker would that is in trouble.
type script struct {
	asked  []int64 // offsets
	answer func(ctx context.Context, offset int64) (batches []protocol.RecordReader, end int64, err error)
}

// RoundTrip implements kafka.RoundTripper.
func (s *script) RoundTrip(ctx context.Context, _ net.Addr, req kafkago.Request) (kafkago.Response, error) {
	offset := req.(*fetch.Request).Topics[0].Partitions[0].FetchOffset
	s.asked = append(s.asked, offset)
	batches, end, err := s.answer(ctx, offset)
	if err != nil {
		return nil, err
	}
	p := fetch.ResponsePartition{HighWatermark: end}
	if len(batches) > 0 {
		p.RecordSet.Records = &protocol.RecordStream{Records: batches}
	}
	return &fetch.Response{Topics: []fetch.ResponseTopic{{Topic: "t", Partitions: []fetch.ResponsePartition{p}}}}, nil
}

// newScripted returns a partition that begins at offset and is answered by s.
func newScripted(t *testing.T, s *script, offset int64) *partition {
	t.Helper()
	cfg := Config{Brokers: []string{"b:1"}, Topics: []string{"t"}}
	cfg.fill()
	g := &Group{cfg: cfg, client: &kafkago.Client{Addr: kafkago.TCP("b:1"), Transport: s}, known: map[string]bool{}}
	g.member = newMember(g)
	p, err := g.newPartition(address{"t", 0}, false)
	if err != nil {
		t.Fatal(err)
	}
	p.begin(place{offset: offset})
	p.demux.Begin(p.place.String())
	t.Cleanup(func() { p.Close() })
	return p
}

// batch returns records with the given offsets, each a line.
func batch(offsets ...int64) *protocol.RecordBatch {
	var list []protocol.Record
	for _, o := range offsets {
		at := time.Now()
		list = append(list, protocol.Record{Offset: o, Time: at, Value: protocol.NewBytes([]byte(line(at, int(o))))})
	}
	return &protocol.RecordBatch{Records: protocol.NewRecordReader(list...)}
}

// drain reads until the carrier is claimed, and returns what came: events' numbers, lost lines and errors.
func drain(t *testing.T, p *partition) (events []string, lost uint64, errs []error) {
	t.Helper()
	for range 1000 {
		b, err := p.Read(t.Context())
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i := range b.Events {
			events = append(events, strings.Clone(b.Events[i].Path))
		}
		lost += b.LostLines
		if b.Release != nil {
			b.Release()
		}
		if b.Stream == "kafka:t/0" && b.CaughtUp != 0 {
			for { // those of the other streams
				b, ok := p.demux.Next()
				if !ok {
					return events, lost, errs
				}
				for i := range b.Events {
					events = append(events, strings.Clone(b.Events[i].Path))
				}
			}
		}
	}
	t.Fatal("it never caught up")
	return nil, 0, nil
}

func TestGapsAreNoLoss(t *testing.T) {
	control := &protocol.ControlBatch{Records: protocol.NewRecordReader(protocol.Record{Offset: 6, Time: time.Now(), Key: protocol.NewBytes([]byte{0, 0, 0, 1})})}
	s := &script{answer: func(_ context.Context, offset int64) ([]protocol.RecordReader, int64, error) {
		switch {
		case offset < 7: // compaction has left 3 and 5, a transaction ends at 6
			return []protocol.RecordReader{batch(1, 3, 5), control}, 12, nil
		case offset < 10: // of this batch nothing is left
			return []protocol.RecordReader{batch()}, 12, nil
		}
		return []protocol.RecordReader{batch(10, 11)}, 12, nil
	}}
	p := newScripted(t, s, 2)
	events, lost, errs := drain(t, p)
	if got := fmt.Sprint(events, lost, errs); got != "[/n/3 /n/5 /n/10 /n/11] 0 []" {
		t.Error(got)
	}
	if got := fmt.Sprint(s.asked); got != "[2 7 8 9 10]" {
		t.Errorf("asked for %s", got)
	}
}

func TestUndecodableBatchIsSteppedOver(t *testing.T) {
	s := &script{answer: func(_ context.Context, offset int64) ([]protocol.RecordReader, int64, error) {
		if offset < 40 {
			return nil, 0, errors.New("crc32 checksum mismatch (computed=1 found=2)")
		}
		return []protocol.RecordReader{batch(40)}, 41, nil
	}}
	p := newScripted(t, s, 10)
	events, lost, errs := drain(t, p)
	if got := fmt.Sprint(events, lost, len(errs)); got != "[/n/40] 30 4" {
		t.Errorf("%s: %v", got, errs)
	}
	if got := p.snapshot(time.Now()).Poison.Undecodable; got != 30 {
		t.Errorf("undecodable: %d", got)
	}
}

// TestBrokerTroubleIsNoPoison: what a broker's failure looks like is never stepped over.
func TestBrokerTroubleIsNoPoison(t *testing.T) {
	trouble := []error{kafkago.NotLeaderForPartition, kafkago.UnknownTopicOrPartition, protocol.ErrNoTopic, protocol.ErrNoLeader, net.ErrClosed,
		&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, context.DeadlineExceeded, kafkago.BrokerNotAvailable}
	s := &script{}
	s.answer = func(context.Context, int64) ([]protocol.RecordReader, int64, error) {
		if n := len(s.asked); n <= 4*len(trouble) {
			return nil, 0, trouble[n%len(trouble)]
		}
		return []protocol.RecordReader{batch(3)}, 4, nil
	}
	p := newScripted(t, s, 3)
	events, lost, errs := drain(t, p)
	if got := fmt.Sprint(events, lost, len(errs)); got != "[/n/3] 0 32" {
		t.Errorf("%s: %v", got, errs)
	}
	for _, err := range errs {
		if !strings.HasPrefix(err.Error(), "kafka: t/0: ") {
			t.Errorf("%v names no partition", err)
		}
	}
}

// TestStall: a broker that takes a request and never answers costs one error, not the partition.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{}
		s.answer = func(ctx context.Context, _ int64) ([]protocol.RecordReader, int64, error) {
			if len(s.asked) == 1 {
				<-ctx.Done()
				return nil, 0, ctx.Err()
			}
			return []protocol.RecordReader{batch(0)}, 1, nil
		}
		p := newScripted(t, s, 0)
		began := time.Now()
		events, _, errs := drain(t, p)
		if took := time.Since(began); took != stall || len(events) != 1 || len(errs) != 1 {
			t.Errorf("%v after %v, errors %v", events, took, errs)
		}
	})
}

// TestClaims: quiet is claimed once a second, or with every fetch while others wait, and never while records are left.
func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := int64(0)
		s := &script{}
		s.answer = func(context.Context, int64) ([]protocol.RecordReader, int64, error) {
			<-time.After(urgentWait)
			return nil, end, nil
		}
		p := newScripted(t, s, 0)
		claims := func(d time.Duration) (list []pipeline.Time) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			for ctx.Err() == nil {
				if b, err := p.Read(ctx); err == nil && b.CaughtUp != 0 {
					list = append(list, b.CaughtUp)
				}
			}
			return list
		}
		if n := len(claims(10 * time.Second)); n < 9 || n > 11 {
			t.Errorf("%d claims in 10 s", n)
		}
		p.Urgent(true)
		if n := len(claims(10 * time.Second)); n < 38 || n > 42 {
			t.Errorf("%d claims in 10 s while others wait", n)
		}
		end = 5
		if n := len(claims(10 * time.Second)); n != 0 {
			t.Errorf("%d claims with 5 records unread", n)
		}
		if got := p.NotReady(); got != "" {
			t.Errorf("not ready: %q, though it was caught up before", got)
		}
		if got := p.snapshot(time.Now()).Lag; got != 5 {
			t.Errorf("lag %d", got)
		}
	})
}

func TestCloseEndsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answer: func(ctx context.Context, _ int64) ([]protocol.RecordReader, int64, error) {
			<-ctx.Done()
			return nil, 0, ctx.Err()
		}}
		p := newScripted(t, s, 0)
		p.demux.Next() // the carrier's opening
		time.AfterFunc(time.Second, func() { p.Close() })
		began := time.Now()
		for {
			if _, err := p.Read(t.Context()); err != nil {
				break
			}
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"9", "10", -1}, {"10", "10", 0}, {"1@0", "999", 1}, {"2@5", "10@0", -1}, {"", "0", -1}, {"x", "y", 0}} {
		if got := comparePlaces(c.a, c.b); got != c.want {
			t.Errorf("compare %q with %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for _, bad := range []string{"", "-1", "1@", "@1", "1@2@3", "99999999999999999999"} {
		if p, err := parsePlace(bad); err == nil {
			t.Errorf("%q is %v", bad, p)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		decode, value, want string
		defect              defect
	}{
		{"raw", "a line\n", "a line", sound},
		{"raw", "two\r\nlines", "two|lines", sound},
		{"raw", `{"message":"x"}`, `{"message":"x"}`, sound},
		{"json:payload.line", `{"payload":{"line":"a \"line\""}}`, `a "line"`, sound},
		{"json:payload.line", `{"payload":[1]}`, `{"payload":[1]}`, pathless},
		{"json:a", `{"a":7}`, `{"a":7}`, pathless},
		{"json:a", "no json", "no json", pathless},
		{"auto", "", "", empty},
		{"auto", "a line", "a line", sound},
		{"auto", "\x92\xd7\x00x", "\x92\xd7\x00x", notText},
		{"auto", strings.Repeat("x", maxRecord+1), strings.Repeat("x", sampleSize), oversized},
	} {
		d, err := newDecoder(c.decode)
		if err != nil {
			t.Fatal(err)
		}
		lines, defect := d.open([]byte(c.value))
		var got []string
		for i := range lines {
			got = append(got, lines[i].Text)
		}
		if text := strings.Join(got, "|"); text != c.want || defect != c.defect {
			t.Errorf("%s of %.40q: %.60q, %d, want %.60q, %d", c.decode, c.value, text, defect, c.want, c.defect)
		}
	}
}

func TestElect(t *testing.T) {
	for _, c := range []struct {
		name    string
		members map[string]string // id: claim
		want    string
	}{
		{"the first of two", map[string]string{"m1": `{"identity":"a","since":2}`, "m2": `{"identity":"b","since":1}`}, "m2"},
		{"who holds, though a clock says another was first", map[string]string{"m1": `{"identity":"a","since":2,"holds":true}`, "m2": `{"identity":"b","since":1}`}, "m1"},
		{"the newest process of the one that holds", map[string]string{"m1": `{"identity":"a","since":1,"holds":true}`, "m2": `{"identity":"a","since":9}`, "m3": `{"identity":"b","since":2}`}, "m2"},
		{"who makes sense", map[string]string{"m1": `nonsense`, "m2": `{"identity":"b","since":1}`}, "m2"},
		{"nobody", map[string]string{"m1": `nonsense`, "m2": ``}, ""},
	} {
		var members []kafkago.GroupMember
		for id, data := range c.members {
			members = append(members, kafkago.GroupMember{ID: id, Topics: []string{"t"}, UserData: []byte(data)})
		}
		got := balancer{}.AssignGroups(members, []kafkago.Partition{{Topic: "t", ID: 0}, {Topic: "t", ID: 1}, {Topic: "other", ID: 0}})
		if len(got) != len(members) {
			t.Errorf("%s: %v", c.name, got)
		}
		for id, topics := range got {
			if want := map[bool]string{true: "map[t:[0 1]]", false: "map[]"}[id == c.want]; fmt.Sprint(topics) != want {
				t.Errorf("%s: %s is given %v, want %s", c.name, id, topics, want)
			}
		}
	}
}
