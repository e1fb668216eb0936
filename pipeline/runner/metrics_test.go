package runner

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A measuring source tells a figure of each family that the runner does not fill itself.
type measuring struct{ *fakeSource }

func (measuring) Measures(tell func(name string, value float64, labels ...string)) {
	for _, f := range families {
		switch {
		case strings.HasPrefix(f.name, "fedwarden_kafka_"):
			tell(f.name, 3, "topic", "nginx", "partition", "0")
		case strings.HasPrefix(f.name, "fedwarden_source_") && f.name != "fedwarden_source_errors_total", strings.HasPrefix(f.name, "fedwarden_history_"), f.name == "fedwarden_long_lines_total":
			tell(f.name, 3, "stream", "nginx:1")
		}
	}
}

// exposition is what a run with some of everything in it tells.
func exposition(t *testing.T) string {
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		broken := live()
		broken.id, broken.fail = "a \"quoted\"\n\\name\xff", errors.New("no")
		dead := newSink("dead", func(context.Context, *pipeline.Alert) error { return errRefused })
		s := newScene([]pipeline.Source{measuring{live(at(time.Second, 1, "/spam.example"))}, broken}, newSink("slack", nil), dead)
		s.Metrics = NewMetrics(Build{Version: "1.2.3", Revision: "abc"})
		s.Metrics.Configured(time.Now(), true)
		s.Keys = func() int { return 17 }
		s.StateBytes = func() int64 { return 4096 }
		_, stop := s.run(t)
		wait(90 * time.Second)
		s.store.set(errors.New("full"))
		wait(30 * time.Second)
		s.store.set(nil)
		stop()
		if err := s.Metrics.WritePrometheus(&out); err != nil {
			t.Fatal(err)
		}
	})
	return out.String()
}

func TestMetrics(t *testing.T) {
	got := exposition(t)
	for _, line := range []string{
		`fedwarden_alerts_total{detector="toy",status="firing"} 1`,
		`fedwarden_build_info{version="1.2.3",revision="abc",goversion="`,
		`fedwarden_checkpoint_bytes 4096`,
		`fedwarden_checkpoint_failures_total 2`,
		`fedwarden_events_total{stream="nginx:1"} 1`,
		`fedwarden_keys 17`,
		`fedwarden_outbox_alerts{sink="slack"} 0`,
		`fedwarden_outbox_alerts{sink="dead"} 1`,
		`fedwarden_sends_total{sink="slack",outcome="delivered"} 2`,
		`fedwarden_sends_total{sink="dead",outcome="superseded"} 1`,
		`fedwarden_source_errors_total{stream="a \"quoted\"\n\\name` + "\uFFFD" + `"} `,
		`fedwarden_detector_findings_total{detector="toy"} 1`,
	} {
		if !strings.Contains(got, "\n"+line) {
			t.Errorf("got no line %s", line)
		}
	}
	if strings.Contains(got, "spam.example") {
		t.Error("got what a log said as a label")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// Every family that is written is documented, and every one that is documented is written.
func TestMetricsAreDocumented(t *testing.T) {
	got := exposition(t)
	names := regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(got, -1)
	var written, documented []string
	for _, n := range names {
		written = append(written, n[1])
	}
	for _, f := range families {
		documented = append(documented, f.name)
	}
	if !slices.IsSorted(documented) {
		t.Errorf("families are not sorted: %v", documented)
	}
	if !slices.Equal(written, documented) {
		t.Errorf("got families\n%v\nwant\n%v", written, documented)
	}
	var bare bytes.Buffer
	m := NewMetrics(Build{})
	m.set.WritePrometheus(&bare)
	for _, line := range strings.Split(strings.TrimSpace(bare.String()), "\n") {
		if !slices.Contains(documented, familyOf(line)) {
			t.Errorf("%s is not documented", line)
		}
	}
}

func TestPromtool(t *testing.T) {
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed")
	}
	cmd := exec.Command(tool, "check", "metrics")
	cmd.Stdin = strings.NewReader(exposition(t))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
