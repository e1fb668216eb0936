package source

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const poll = 20 * time.Millisecond

func TestMain(m *testing.M) {
	if os.Getenv(feedSocket) != "" {
		feed()
	}
	if os.Getenv(keepChild) != "" {
		keep()
	}
	PollEvery(poll)
	goleak.VerifyTestMain(m)
}
