package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// The starts that have a name; else it is a time.
const (
	startLatest   = "latest"
	startEarliest = "earliest"
)

// verdictWait is how long a Read of a fresh state waits for the group's verdict before it says what it waits for.
const verdictWait = 5 * time.Second

// parseStart reads a Config's Start as the time that ListOffsets takes.
func parseStart(s string) (int64, error) {
	switch s {
	case "", startLatest:
		return kafkago.LastOffset, nil
	case startEarliest:
		return kafkago.FirstOffset, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.UnixMilli() < 0 {
		return 0, errors.New("must be latest, earliest or a time, as in 2026-11-18T00:00:00Z")
	}
	return t.UnixMilli(), nil
}

// start finds out where to begin. A place is enough; without one the group decides whether, and Start where.
func (p *partition) start(ctx context.Context) error {
	if at, ok := p.demux.Start(); ok {
		from, err := parsePlace(at)
		if err != nil {
			return err
		}
		p.begin(from)
		return nil
	}
	if err := p.group.await(ctx); err != nil {
		return err
	}
	offset, err := p.firstOffset(ctx)
	if err != nil {
		return err
	}
	p.begin(place{offset: offset})
	p.demux.Begin(p.place.String())
	return nil
}

func (p *partition) begin(from place) {
	p.place = from
	p.move(from.offset)
	p.started = true
	p.stats.begun.Store(true)
	p.group.cfg.Log.Info("kafka: reading", "partition", p.address.String(), "offset", from.offset)
}

// firstOffset returns where a partition without a place begins.
func (p *partition) firstOffset(ctx context.Context) (int64, error) {
	at, err := parseStart(p.group.cfg.Start)
	if err != nil {
		return 0, err
	}
	if at == kafkago.LastOffset && (p.late || p.group.knows(p.topic)) {
		at = kafkago.FirstOffset
	}
	return p.offsetAt(ctx, at)
}

// offsetAt returns the offset of a time: of the first record that is not older, the end if all are.
func (p *partition) offsetAt(ctx context.Context, at int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	o, err := listOffset(ctx, p.client, p.address, at)
	if err != nil || o >= 0 {
		return o, err
	}
	return listOffset(ctx, p.client, p.address, kafkago.LastOffset)
}

// listOffset asks for one offset; −1 if no record is as new as at.
func listOffset(ctx context.Context, client *kafkago.Client, a address, at int64) (int64, error) {
	res, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{a.topic: {{Partition: a.partition, Timestamp: at}}}})
	if err != nil {
		return 0, err
	}
	for _, o := range res.Topics[a.topic] {
		switch {
		case o.Partition != a.partition:
		case o.Error != nil:
			return 0, o.Error
		case at == kafkago.FirstOffset:
			return o.FirstOffset, nil
		case at == kafkago.LastOffset:
			return o.LastOffset, nil
		default:
			for offset := range o.Offsets { // the key is the answer
				return offset, nil
			}
			return -1, nil
		}
	}
	return 0, errors.New("the broker's answer names no offset")
}

// outOfRange goes on where there is something: the place is in front of the log, or behind its end.
func (p *partition) outOfRange(ctx context.Context) error {
	first, err := p.offsetAt(ctx, kafkago.FirstOffset)
	if err != nil {
		return err
	}
	if first > p.place.offset {
		p.expired(first)
		return nil
	}
	last, err := p.offsetAt(ctx, kafkago.LastOffset)
	if err != nil || last >= p.place.offset { // it has grown meanwhile
		return err
	}
	p.group.cfg.Log.Warn("kafka: the log ends before the place that was reached: it is another one, and is read from its beginning",
		"partition", p.address.String(), "offset", p.place.offset, "end", last)
	p.demux.Flush()
	p.demux.Skip()
	p.place.epoch++
	p.stats.restarts.Add(1)
	p.move(first)
	return nil
}

// expired goes on at the start of the log and says what is gone. Some offsets may have held no record, so it
// is a bound.
func (p *partition) expired(first int64) {
	n := uint64(first - p.place.offset)
	p.group.cfg.Log.Error("kafka: records are lost: the broker no longer has them: retention", "partition", p.address.String(),
		"offset", p.place.offset, "start", first, "records", n)
	p.demux.Flush()
	p.demux.Skip()
	p.demux.Lose(n, fmt.Sprintf("%s records of %s are lost: the broker no longer has them: retention", thousands(int64(n)), p.address))
	p.stats.expired.Add(n)
	p.move(first)
	p.dirty = true
}
