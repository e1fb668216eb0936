package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// maxShown bounds what a check shows of one kind.
const maxShown = 5

// A sample is what the last records of a partition hold.
type sample struct {
	records, lines int
	newest         time.Time
	formats        map[string]int // lines by format, or by why they were rejected
	origins        map[string]int
	defects        map[defect]int
	wrapped        int    // records in an envelope
	rejected       int    // lines
	excerpt        string // of one that was rejected, redacted
}

// partition looks at the last records of one partition.
func (k *checker) partition(ctx context.Context, a address) {
	what := "partition " + a.String()
	ctx, cancel := context.WithTimeout(ctx, stall)
	defer cancel()
	s, err := k.sample(ctx, a)
	switch {
	case err != nil:
		k.fail(what, err, "")
	case s.records == 0:
		k.tell(Verdict{What: what, OK: true, Detail: "may be read; it holds no record"})
	case s.rejected == s.lines:
		k.tell(Verdict{What: what, Detail: s.String(), Do: "no line could be read: does this topic hold logs of nginx, Rails or Sidekiq, and is decode right?"})
	default:
		k.tell(Verdict{What: what, OK: true, Detail: s.String()})
	}
}

// sample reads the last records.
func (k *checker) sample(ctx context.Context, a address) (*sample, error) {
	first, err := listOffset(ctx, k.client, a, kafkago.FirstOffset)
	if err != nil {
		return nil, err
	}
	last, err := listOffset(ctx, k.client, a, kafkago.LastOffset)
	if err != nil {
		return nil, err
	}
	decoder, err := newDecoder(k.cfg.Decode)
	if err != nil {
		return nil, err
	}
	s := &sample{formats: map[string]int{}, origins: map[string]int{}, defects: map[defect]int{}}
	for at := max(first, last-int64(k.samples)); ; {
		next, err := k.look(ctx, a, at, decoder, s)
		if err != nil || next >= last {
			return s, err
		}
		at = max(next, at+1)
	}
}

// look fetches once, from the end too: the right to read shows even where there is nothing.
func (k *checker) look(ctx context.Context, a address, at int64, decoder *decoder, s *sample) (int64, error) {
	res, err := k.client.Fetch(ctx, &kafkago.FetchRequest{Topic: a.topic, Partition: a.partition, Offset: at, MinBytes: 1, MaxBytes: maxBytes, MaxWait: maxWait})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return 0, err
	}
	stream, ok := res.Records.(*protocol.RecordStream)
	for ok {
		rec, err := stream.ReadRecord()
		if err != nil {
			break // its end, or what the source would step over
		}
		value, err := kafkago.ReadAll(rec.Value)
		if err != nil {
			return 0, err
		}
		if rec.Offset >= at {
			at = rec.Offset + 1
			if err := s.add(rec.Time, value, decoder, k.cfg.Options); err != nil {
				return 0, err
			}
		}
	}
	return at, nil
}

func (s *sample) add(at time.Time, value []byte, decoder *decoder, options func(*parse.Record) parse.Options) error {
	s.records++
	s.newest = at
	lines, defect := decoder.open(value)
	if defect != sound {
		s.defects[defect]++
	}
	if len(lines) > 0 && strings.TrimRight(string(value), "\r\n") != lines[0].Text {
		s.wrapped++
	}
	for i := range lines {
		if err := s.line(&lines[i], options); err != nil {
			return err
		}
	}
	return nil
}

func (s *sample) line(rec *parse.Record, options func(*parse.Record) parse.Options) error {
	o := parse.Options{}
	if options != nil {
		o = options(rec)
	}
	p, err := parse.New(o)
	if err != nil {
		return err
	}
	s.lines++
	s.origins[originOf(rec)]++
	var e pipeline.Event
	skip, bad := p.Parse(rec.Text, parse.Env{Time: rec.Time, Read: pipeline.TimeOf(time.Now()), Cut: rec.Cut}, &e)
	switch {
	case bad != nil:
		s.rejected++
		s.formats["rejected: "+bad.Reason]++
		s.excerpt = strings.Clone(e.Sample)
	case skip != "":
		s.formats["skipped: "+skip]++
	default:
		s.formats[p.Format().String()]++
	}
	return nil
}

// originOf names where a line comes from, by its envelope.
func originOf(rec *parse.Record) string {
	o := &rec.Origin
	for _, name := range []string{o.File, o.Unit, o.Container, o.Service, o.Program} {
		if name != "" {
			return fmt.Sprintf("%.80q", strings.TrimPrefix(o.Host+":"+name, ":"))
		}
	}
	if o.Host != "" {
		return fmt.Sprintf("%.80q", o.Host)
	}
	return "no origin"
}

// String says it in one line.
func (s *sample) String() string {
	parts := []string{fmt.Sprintf("last %d records", s.records)}
	if !s.newest.IsZero() {
		parts[0] += fmt.Sprintf(", the newest %s old", time.Since(s.newest).Round(time.Second))
	}
	if s.wrapped > 0 {
		parts = append(parts, fmt.Sprintf("%d in an envelope", s.wrapped))
	} else {
		parts = append(parts, "raw lines")
	}
	parts = append(parts, "lines: "+tell(s.formats), "from: "+tell(s.origins))
	for d, name := range map[defect]string{empty: "without a value", oversized: "too large", notText: "no text", pathless: "without decode's field"} {
		if n := s.defects[d]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, name))
		}
	}
	if s.excerpt != "" {
		parts = append(parts, fmt.Sprintf("rejected, for example: %q", s.excerpt))
	}
	return strings.Join(parts, "; ")
}

// tell lists counts, the greatest first.
func tell(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var list []string
	for i, name := range names {
		if i == maxShown {
			list = append(list, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		list = append(list, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(list, ", ")
}
