package spam

import (
	"encoding/binary"
	"errors"
	"io"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

var notificationFloors = []window.Floor{{Scale: window.S10m, Count: 60}, {Scale: window.S1h, Count: 150}}

const (
	notifyWorker  = "LocalNotificationWorker"
	processWorker = "ActivityPub::ProcessingWorker"
	ratioGrowth   = 4 // times the day's notifications per delivery
	surgeFor      = 10 * time.Minute
)

// Notifications are how many our people get, and how many deliveries there are to cause them, by the jobs that start.
type notifications struct {
	sent      *window.Series
	processed *window.Series // held against nothing
	surged    pipeline.Time  // when they were last too many
}

func newNotifications() notifications {
	return notifications{sent: window.NewSeries(notificationFloors), processed: window.NewSeries(notificationFloors)}
}

// count counts a job, and reports when notifications are out of line and out of proportion.
func (n *notifications) count(e *pipeline.Event, r pipeline.Report) {
	if e.JobState != pipeline.JobStart {
		return
	}
	switch e.JobClass {
	case processWorker:
		n.processed.Add(e.Time, 1)
	case notifyWorker:
		n.sent.Add(e.Time, 1)
		if n.sent.Once(e.Time) {
			n.check(e.Time, r)
		}
	}
}

func (n *notifications) check(now pipeline.Time, r pipeline.Report) {
	x, ok := n.sent.Over(now)
	if !ok || n.ratio(x.Scale, now) < ratioGrowth*n.ratio(window.S24h, now) {
		return
	}
	n.surged = now
	f := n.sent.Finding(now, x, "notifications")
	f.Severity = pipeline.SeverityLow
	f.Summary = "Surge of notifications on %s: " + x.Text("of them")
	r.Find(f)
}

// ratio returns the notifications per delivery.
func (n *notifications) ratio(s window.Scale, now pipeline.Time) float64 {
	return float64(n.sent.Sum(s, now)) / float64(max(1, n.processed.Sum(s, now)))
}

// severity returns that of a new server's mentions: a surge that our people feel makes them urgent.
func (n *notifications) severity(now pipeline.Time) pipeline.Severity {
	if n.surged != 0 && now.Sub(n.surged) <= surgeFor {
		return pipeline.SeverityHigh
	}
	return pipeline.SeverityMedium
}

func (n *notifications) write(w io.Writer) error {
	return errors.Join(n.sent.Snapshot(w), n.processed.Snapshot(w), binary.Write(w, binary.LittleEndian, int64(n.surged)))
}

func (n *notifications) read(r io.Reader) error {
	*n = newNotifications()
	var surged int64
	err := n.sent.Restore(r)
	if err == nil {
		err = n.processed.Restore(r)
	}
	if err == nil {
		err = binary.Read(r, binary.LittleEndian, &surged)
	}
	if err != nil {
		*n = newNotifications()
		return err
	}
	n.surged = pipeline.Time(surged)
	return nil
}
