package notify

import (
	"fmt"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Most calls bring no alert at all.
func BenchmarkHandleNothing(b *testing.B) {
	n := New(Config{Routes: []Route{{"slack", pipeline.SeverityMedium}, {"webhook", pipeline.SeverityLow}}})
	b.ReportAllocs()
	for b.Loop() {
		n.Handle(nil, pipeline.Second)
	}
}

func BenchmarkHandle(b *testing.B) {
	n := New(Config{Routes: []Route{{"slack", pipeline.SeverityMedium}, {"webhook", pipeline.SeverityLow}}})
	var list []pipeline.Alert
	for i := range 100 {
		list = append(list, alert(fmt.Sprint(i), 1, pipeline.StatusFiring, pipeline.SeverityHigh, pipeline.Second))
	}
	b.ReportAllocs()
	for b.Loop() {
		n.Handle(list, pipeline.Second)
	}
}
