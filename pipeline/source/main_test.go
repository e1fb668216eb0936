package source

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(feedSocket) != "" {
		feed()
	}
	if os.Getenv(keepChild) != "" {
		keep()
	}
	goleak.VerifyTestMain(m)
}
