package sinks

import (
	"testing"

	"go.uber.org/goleak"
)

// No delivery leaves a goroutine or a connection behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func BenchmarkAppendJSON(b *testing.B) {
	var buf []byte
	for b.Loop() {
		buf = AppendJSON(buf[:0], firing())
	}
}

func BenchmarkAppendText(b *testing.B) {
	var buf []byte
	for b.Loop() {
		buf = AppendText(buf[:0], firing(), false)
	}
}

func BenchmarkSlackMessage(b *testing.B) {
	for b.Loop() {
		slackMessage(firing())
	}
}
