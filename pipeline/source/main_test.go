package source

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	PollEvery(20 * time.Millisecond)
	goleak.VerifyTestMain(m)
}
