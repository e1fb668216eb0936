package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/fedwarden/fedwarden/pipeline"
)

const (
	maxWait    = 500 * time.Millisecond // for records to come: an answer comes with the first
	urgentWait = maxWait / 2            // while others wait for what we claim
	maxBytes   = 1 << 20                // of one answer, unless one batch is larger
	stall      = 30 * time.Second       // without an answer: a new connection
	quietClaim = time.Second            // between claims while nothing comes
	patience   = 5                      // attempts at what can't be decoded
)

// fetch asks once for what follows, and adds it.
func (p *partition) fetch(ctx context.Context) error {
	began := pipeline.TimeOf(p.now())
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	wait := maxWait
	if p.urgent.Load() {
		wait = urgentWait
	}
	res, err := p.client.Fetch(ctx, &kafkago.FetchRequest{Topic: p.topic, Partition: p.partition, Offset: p.place.offset,
		MinBytes: 1, MaxBytes: maxBytes, MaxWait: wait})
	if err != nil {
		return p.broken(err)
	}
	if errors.Is(res.Error, kafkago.OffsetOutOfRange) {
		return p.outOfRange(ctx)
	}
	if res.Error != nil {
		return res.Error
	}
	if res.LogStartOffset > p.place.offset {
		p.expired(res.LogStartOffset)
		return nil
	}
	p.stats.end.Store(res.HighWatermark)
	if err := p.take(res, pipeline.TimeOf(p.now())); err != nil {
		return p.broken(err)
	}
	p.settle()
	p.claim(began, res.HighWatermark)
	return nil
}

// take adds the records of an answer. Batches may begin before the place; control batches hold none of ours.
func (p *partition) take(res *kafkago.FetchResponse, clock pipeline.Time) error {
	stream, ok := res.Records.(*protocol.RecordStream)
	if !ok {
		return nil
	}
	before := p.place.offset
	for _, b := range stream.Records {
		_, control := b.(*protocol.ControlBatch)
		if err := p.takeBatch(b, control, clock); err != nil {
			return err
		}
	}
	if p.place.offset == before && before < res.HighWatermark {
		p.move(before + 1) // compaction has left nothing behind the place in its batch
	}
	return nil
}

func (p *partition) takeBatch(b kafkago.RecordReader, control bool, clock pipeline.Time) error {
	for {
		rec, err := b.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.takeRecord(rec, control, clock); err != nil {
			return err
		}
	}
}

func (p *partition) takeRecord(rec *kafkago.Record, control bool, clock pipeline.Time) error {
	if rec.Key != nil {
		rec.Key.Close()
	}
	if rec.Value != nil {
		defer rec.Value.Close()
	}
	if rec.Offset < p.place.offset {
		return nil
	}
	if control {
		p.move(rec.Offset + 1)
		return nil
	}
	value, err := p.read(rec.Value)
	if err != nil {
		return err
	}
	p.add(rec.Offset, min(timeOf(rec.Time), clock), value)
	return nil
}

// read copies a value into the arena, where it stays as long as anything points into it.
func (p *partition) read(value kafkago.Bytes) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	n := min(value.Len(), maxRecord+1)
	if cap(p.arena)-len(p.arena) < n {
		p.arena = make([]byte, 0, max(n, 256<<10))
	}
	start := len(p.arena)
	p.arena = p.arena[:start+n]
	_, err := io.ReadFull(value, p.arena[start:])
	return p.arena[start : start+n : start+n], err
}

// add takes one record.
func (p *partition) add(offset int64, at pipeline.Time, value []byte) {
	lines, defect := p.decoder.open(value)
	p.stats.count(defect)
	p.move(offset + 1)
	if at > 0 {
		p.stats.newest.Store(int64(at))
	}
	p.demux.Add(p.place.String(), at, lines)
	p.dirty = true
}

func (p *partition) move(offset int64) {
	p.place.offset = offset
	p.stats.offset.Store(offset)
}

// claim claims that all up to t was added, if it was: nothing was left when the answer was made.
func (p *partition) claim(t pipeline.Time, end int64) {
	if p.place.offset < end {
		return
	}
	p.stats.reached.Store(true)
	every := quietClaim
	if p.urgent.Load() {
		every = urgentWait
	}
	if p.dirty || t.Sub(p.claimed) >= every {
		p.demux.Claim(t)
		p.claimed, p.dirty = t, false
	}
}

// broken takes an error of an answer. One that can't be decoded, time and again, is stepped over.
func (p *partition) broken(err error) error {
	if !isPoison(err) {
		return err
	}
	if p.stuck++; p.stuck < patience {
		return fmt.Errorf("what stands at offset %d can't be decoded: %w", p.place.offset, err)
	}
	if p.skipped == 0 {
		p.group.cfg.Log.Error("kafka: records can't be decoded and are stepped over", "partition", p.address.String(),
			"offset", p.place.offset, "err", err)
	}
	p.skipped++
	p.move(p.place.offset + 1)
	return nil
}

// settle says what was stepped over, once something can be read again.
func (p *partition) settle() {
	if p.skipped > 0 {
		p.stats.undecodable.Add(p.skipped)
		p.demux.Lose(p.skipped, fmt.Sprintf("%d records of %s could not be decoded", p.skipped, p.address))
		p.dirty = true
	}
	p.stuck, p.skipped = 0, 0
}

// timeOf returns a record's time, zero where it has none.
func timeOf(t time.Time) pipeline.Time {
	if t.UnixMilli() <= 0 {
		return 0
	}
	return pipeline.TimeOf(t)
}
