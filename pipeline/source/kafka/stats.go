package kafka

import (
	"strconv"
	"sync/atomic"
	"time"
)

// Stats are what a Group knows of itself.
type Stats struct {
	Group      string
	Member     string // "waiting", "reading" or "refused"
	Generation int32  // of the group; 0 outside of it
	Err        string // why membership is not well; empty if it is
	Partitions []PartitionStats
}

// PartitionStats are what is known of one partition.
type PartitionStats struct {
	Topic     string
	Partition int
	Offset    int64   // of the next record
	End       int64   // the high watermark as last told
	Lag       int64   // records behind
	LagTime   float64 // seconds behind: the age of the newest record that was read; 0 when all are
	Records   uint64  // read
	Expired   uint64  // lost by retention
	Restarts  uint64  // times that the log was another one
	Poison    Poison
	Err       string // why it can't be read; empty if it can
}

// Poison counts records that hold no line that could be read.
type Poison struct {
	Empty       uint64 // no value, as tombstones: skipped
	Oversized   uint64 // larger than 1 MiB
	Binary      uint64 // no text
	Pathless    uint64 // no text at the path that decode gives
	Undecodable uint64 // in a batch that can't be decoded
}

// counters are a partition's, for other goroutines to read.
type counters struct {
	begun, reached               atomic.Bool // reading has begun; the end was reached once
	offset, end, newest          atomic.Int64
	records, expired, restarts   atomic.Uint64
	empty, large, binary, noPath atomic.Uint64
	undecodable                  atomic.Uint64
}

func (c *counters) count(d defect) {
	c.records.Add(1)
	switch d {
	case empty:
		c.empty.Add(1)
	case oversized:
		c.large.Add(1)
	case notText:
		c.binary.Add(1)
	case pathless:
		c.noPath.Add(1)
	}
}

// lag returns how many records are behind the place.
func (c *counters) lag() int64 { return max(c.end.Load()-c.offset.Load(), 0) }

func (p *partition) snapshot(now time.Time) PartitionStats {
	c := &p.stats
	s := PartitionStats{Topic: p.topic, Partition: p.partition, Offset: c.offset.Load(), End: c.end.Load(), Lag: c.lag(),
		Records: c.records.Load(), Expired: c.expired.Load(), Restarts: c.restarts.Load(),
		Poison: Poison{Empty: c.empty.Load(), Oversized: c.large.Load(), Binary: c.binary.Load(), Pathless: c.noPath.Load(),
			Undecodable: c.undecodable.Load()}}
	if newest := c.newest.Load(); s.Lag > 0 && newest > 0 {
		s.LagTime = max(now.Sub(time.Unix(0, newest)).Seconds(), 0)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Err = p.failed
	return s
}

// Measures tells what is known of the partition as metrics. It may be called from any goroutine.
func (p *partition) Measures(tell func(name string, value float64, labels ...string)) {
	s := p.snapshot(p.group.cfg.Now())
	poison := s.Poison.Oversized + s.Poison.Binary + s.Poison.Pathless + s.Poison.Undecodable
	for _, m := range []struct {
		name  string
		value float64
	}{
		{"fedwarden_kafka_records_total", float64(s.Records)},
		{"fedwarden_kafka_lag_records", float64(s.Lag)},
		{"fedwarden_kafka_lag_seconds", s.LagTime},
		{"fedwarden_kafka_expired_records_total", float64(s.Expired)},
		{"fedwarden_kafka_poison_records_total", float64(poison)},
	} {
		tell(m.name, m.value, "topic", s.Topic, "partition", strconv.Itoa(s.Partition))
	}
}

// Stats returns what is known now. It may be called from any goroutine.
func (g *Group) Stats() Stats {
	s := g.member.snapshot()
	s.Group = g.cfg.Group
	now := g.cfg.Now()
	for _, p := range g.all() {
		s.Partitions = append(s.Partitions, p.snapshot(now))
	}
	return s
}
