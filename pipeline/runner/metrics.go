package runner

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	vm "github.com/VictoriaMetrics/metrics"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/engine"
)

// What became of an attempt or a delivery, as the label `outcome`.
const (
	outcomeDelivered  = "delivered"
	outcomeFailed     = "failed"     // it will be tried again
	outcomeRefused    = "refused"    // for good
	outcomeExpired    = "expired"    // it was tried for a day
	outcomeSuperseded = "superseded" // a newer transition says it all
	outcomeCrowded    = "crowded"    // the outbox was full
	outcomeStopped    = "stopped"    // the run ended
)

// A family is the documentation of one metric.
type family struct{ name, kind, help string }

// families are all metrics there are, sorted by name as they are written. None has a domain, an actor or an
// address as a label.
var families = []family{
	{"fedwarden_alerts_open", "gauge", "Episodes that are firing."},
	{"fedwarden_alerts_refused_total", "counter", "Episodes that were not opened because too many were."},
	{"fedwarden_alerts_total", "counter", "Alert transitions by detector and status."},
	{"fedwarden_build_info", "gauge", "What runs; the value is always 1."},
	{"fedwarden_checkpoint_bytes", "gauge", "How large the last checkpoint is, compressed."},
	{"fedwarden_checkpoint_failures_total", "counter", "Saves that failed."},
	{"fedwarden_checkpoint_last_success_timestamp_seconds", "gauge", "When the state was last saved."},
	{"fedwarden_checkpoint_seconds", "histogram", "How long saving the state took."},
	{"fedwarden_config_last_reload_success_timestamp_seconds", "gauge", "When a configuration last took effect."},
	{"fedwarden_config_last_reload_successful", "gauge", "Whether the last configuration that was to take effect did: 1 or 0."},
	{"fedwarden_detector_findings_total", "counter", "Facts that a detector has stated."},
	{"fedwarden_event_lag_seconds", "gauge", "How far the time of the last event is behind the clock."},
	{"fedwarden_events_total", "counter", "Events that were understood and applied."},
	{"fedwarden_held_bytes", "gauge", "Events that wait for other streams."},
	{"fedwarden_history_bytes", "gauge", "Rotated files that a first start reads, in all."},
	{"fedwarden_history_read_bytes", "gauge", "Rotated files that a first start has read."},
	{"fedwarden_kafka_expired_records_total", "counter", "Records that the broker dropped before they were read."},
	{"fedwarden_kafka_lag_records", "gauge", "Records of a partition that are not read yet."},
	{"fedwarden_kafka_lag_seconds", "gauge", "Age of the newest record that was read, while others are not."},
	{"fedwarden_kafka_poison_records_total", "counter", "Records that hold no line that could be read."},
	{"fedwarden_kafka_records_total", "counter", "Records that were read."},
	{"fedwarden_keys", "gauge", "Domains, actors, addresses and other keys that are held."},
	{"fedwarden_late_events_total", "counter", "Events that came too late to be applied."},
	{"fedwarden_lines_total", "counter", "Lines that were read."},
	{"fedwarden_long_lines_total", "counter", "Lines that were cut because they were too long."},
	{"fedwarden_lost_lines_total", "counter", "Lines that are known to be lost."},
	{"fedwarden_outbox_alerts", "gauge", "Deliveries that wait for a sink."},
	{"fedwarden_parse_errors_total", "counter", "Lines that could not be read."},
	{"fedwarden_send_seconds", "histogram", "How long one attempt of a delivery took."},
	{"fedwarden_sends_total", "counter", "Attempts and deliveries by what became of them."},
	{"fedwarden_skipped_lines_total", "counter", "Lines that are no record."},
	{"fedwarden_source_errors_total", "counter", "Errors in reading an input."},
	{"fedwarden_source_restarts_total", "counter", "Times that what reads an input was started anew."},
	{"fedwarden_source_rotations_total", "counter", "Times that another file took a log's name."},
	{"fedwarden_source_truncations_total", "counter", "Times that a log was truncated."},
	{"fedwarden_unsaved_alerts", "gauge", "Alert transitions that wait for a save."},
	{"fedwarden_watermark_lag_seconds", "gauge", "How far the watermark of a stream is behind the clock."},
	{"go_goroutines", "gauge", "Goroutines that exist."},
	{"process_cpu_seconds_total", "counter", "User and system CPU time spent."},
	{"process_open_fds", "gauge", "Open file descriptors."},
	{"process_resident_memory_bytes", "gauge", "Resident memory."},
	{"process_start_time_seconds", "gauge", "When the process started."},
}

// A Build says what runs.
type Build struct{ Version, Revision string }

// Metrics counts what a run does. Its methods may be called from any goroutine.
type Metrics struct {
	set     *vm.Set
	save    *vm.PrometheusHistogram
	failure *vm.Counter
	last    *vm.Gauge

	mu      sync.Mutex
	streams map[pipeline.StreamID]*streamMetrics
}

// streamMetrics are the handles of one stream.
type streamMetrics struct {
	lines, events, skipped, rejected, late, lost *vm.Counter
	lag                                          *vm.Gauge
}

// NewMetrics returns counters that stand at zero.
func NewMetrics(b Build) *Metrics {
	set := vm.NewSet()
	m := &Metrics{
		set:     set,
		save:    set.NewPrometheusHistogramExt("fedwarden_checkpoint_seconds", seconds),
		failure: set.NewCounter("fedwarden_checkpoint_failures_total"),
		last:    set.NewGauge("fedwarden_checkpoint_last_success_timestamp_seconds", nil),
		streams: map[pipeline.StreamID]*streamMetrics{},
	}
	info := labels("fedwarden_build_info", "version", b.Version, "revision", b.Revision, "goversion", runtime.Version())
	set.NewGauge(info, nil).Set(1)
	return m
}

var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// labels spells a metric with labels, given as name, value, name, value.
func labels(name string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(name)
	for i := 0; i < len(pairs); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&b, "%s=\"%s\"", pairs[i], labelEscaper.Replace(strings.ToValidUTF8(pairs[i+1], "\uFFFD")))
	}
	b.WriteByte('}')
	return b.String()
}

// The text format knows these three escapes and no other.
var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// Configured notes that a configuration took effect at the given time, or that it did not.
func (m *Metrics) Configured(at time.Time, ok bool) {
	if !ok {
		m.gauge("fedwarden_config_last_reload_successful", 0)
		return
	}
	m.gauge("fedwarden_config_last_reload_successful", 1)
	m.gauge("fedwarden_config_last_reload_success_timestamp_seconds", float64(at.UnixMilli())/1000)
}

// Renew drops the gauges of streams and sinks, before a run that may have others. What is counted goes on.
func (m *Metrics) Renew() {
	for _, name := range m.set.ListMetricNames() {
		if f := familyOf(name); f == "fedwarden_outbox_alerts" || f == "fedwarden_watermark_lag_seconds" {
			m.set.UnregisterMetric(name)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.streams)
}

func (m *Metrics) transition(a *pipeline.Alert) {
	m.set.GetOrCreateCounter(labels("fedwarden_alerts_total", "detector", a.Detector, "status", string(a.Status))).Inc()
}

func (m *Metrics) sourceError(stream string) {
	m.set.GetOrCreateCounter(labels("fedwarden_source_errors_total", "stream", stream)).Inc()
}

func (m *Metrics) send(sink, outcome string) {
	m.set.GetOrCreateCounter(labels("fedwarden_sends_total", "sink", sink, "outcome", outcome)).Inc()
}

func (m *Metrics) sendDuration(sink string, d time.Duration) {
	m.set.GetOrCreatePrometheusHistogramExt(labels("fedwarden_send_seconds", "sink", sink), seconds).Update(d.Seconds())
}

func (m *Metrics) saved(d time.Duration, err error) {
	m.save.Update(d.Seconds())
	if err != nil {
		m.failure.Inc()
	}
}

// observe takes what a Status says.
func (m *Metrics) observe(s *Status) {
	m.gauge("fedwarden_alerts_open", float64(s.Engine.Open))
	m.set.GetOrCreateCounter("fedwarden_alerts_refused_total").Set(s.Engine.Refused)
	m.gauge("fedwarden_event_lag_seconds", s.Lag.Seconds())
	m.gauge("fedwarden_held_bytes", float64(s.Engine.Held))
	m.gauge("fedwarden_unsaved_alerts", float64(s.Unsaved))
	if s.Keys >= 0 {
		m.gauge("fedwarden_keys", float64(s.Keys))
	}
	if s.StateBytes > 0 {
		m.gauge("fedwarden_checkpoint_bytes", float64(s.StateBytes))
	}
	if !s.Save.Last.IsZero() {
		m.last.Set(float64(s.Save.Last.UnixMilli()) / 1000)
	}
	for _, q := range s.Sinks {
		m.gauge(labels("fedwarden_outbox_alerts", "sink", q.Name), float64(q.Queued))
	}
	for _, d := range s.Engine.Detectors {
		m.set.GetOrCreateCounter(labels("fedwarden_detector_findings_total", "detector", d.Name)).Set(d.Findings)
	}
	m.prune(s.Engine.Streams)
	for i := range s.Engine.Streams {
		st := &s.Engine.Streams[i]
		m.stream(st.Stream).observe(&st.Mark, s.At, st.Watermark)
	}
}

// forget drops the series of a stream that is gone.
func (m *Metrics) forget(id pipeline.StreamID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.streams, id)
	for _, f := range families {
		m.set.UnregisterMetric(labels(f.name, "stream", string(id)))
	}
}

// prune drops the series of the streams that the engine has forgotten.
func (m *Metrics) prune(streams []engine.StreamStats) {
	if len(m.streams) <= len(streams) {
		return
	}
	here := make(map[pipeline.StreamID]bool, len(streams))
	for i := range streams {
		here[streams[i].Stream] = true
	}
	for id := range m.streams {
		if !here[id] {
			m.forget(id)
		}
	}
}

// A measured source tells figures of its own, each by the name of a family; labels are name, value, name, value.
type measured interface {
	Measures(tell func(name string, value float64, labels ...string))
}

// measure takes a figure of a source.
func (m *Metrics) measure(name string, value float64, pairs ...string) {
	full := labels(name, pairs...)
	if strings.HasSuffix(name, "_total") {
		m.set.GetOrCreateCounter(full).Set(uint64(value))
		return
	}
	m.gauge(full, value)
}

func (m *Metrics) gauge(name string, v float64) { m.set.GetOrCreateGauge(name, nil).Set(v) }

// stream returns the handles of a stream.
func (m *Metrics) stream(id pipeline.StreamID) *streamMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.streams[id]; s != nil {
		return s
	}
	counter := func(name string) *vm.Counter { return m.set.GetOrCreateCounter(labels(name, "stream", string(id))) }
	s := &streamMetrics{
		lines:    counter("fedwarden_lines_total"),
		events:   counter("fedwarden_events_total"),
		skipped:  counter("fedwarden_skipped_lines_total"),
		rejected: counter("fedwarden_parse_errors_total"),
		late:     counter("fedwarden_late_events_total"),
		lost:     counter("fedwarden_lost_lines_total"),
		lag:      m.set.GetOrCreateGauge(labels("fedwarden_watermark_lag_seconds", "stream", string(id)), nil),
	}
	m.streams[id] = s
	return s
}

func (s *streamMetrics) observe(m *pipeline.StreamMark, now time.Time, watermark pipeline.Time) {
	s.lines.Set(m.Lines)
	s.events.Set(m.Events)
	s.skipped.Set(m.Skipped)
	s.rejected.Set(m.Rejected)
	s.late.Set(m.Late)
	s.lost.Set(m.Lost)
	if watermark != 0 {
		s.lag.Set(now.Sub(watermark.Std()).Seconds())
	}
}

// ContentType is that of what WritePrometheus writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// WritePrometheus writes all metrics as Prometheus reads them, each family with its help and type.
func (m *Metrics) WritePrometheus(w io.Writer) error {
	var b bytes.Buffer
	m.set.WritePrometheus(&b)
	lines := strings.SplitAfter(b.String(), "\n")
	lines = append(lines, processMetrics()...)
	byFamily := map[string][]string{}
	for _, line := range lines {
		if line != "" {
			name := familyOf(line)
			byFamily[name] = append(byFamily[name], line)
		}
	}
	var out bytes.Buffer
	for _, f := range families {
		if len(byFamily[f.name]) > 0 {
			fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.kind)
			out.WriteString(strings.Join(byFamily[f.name], ""))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// familyOf returns the family of one line; a histogram's have suffixes.
func familyOf(line string) string {
	name := line[:strings.IndexAny(line+" ", "{ ")]
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(name, suffix)
		if ok && slices.ContainsFunc(families, func(f family) bool { return f.name == base && f.kind == "histogram" }) {
			return base
		}
	}
	return name
}
