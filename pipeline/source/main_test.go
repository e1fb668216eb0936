package source

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

const poll = 20 * time.Millisecond

func TestMain(m *testing.M) {
	PollEvery(poll)
	goleak.VerifyTestMain(m)
}
