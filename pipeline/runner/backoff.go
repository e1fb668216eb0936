package runner

import (
	"math/rand/v2"
	"time"
)

// backoff returns how long to wait after so many failures in a row: first, twice that, and so on up to
// most, give or take a fifth, so that those who failed together don't come again together.
func backoff(failures int, first, most time.Duration) time.Duration {
	d := first
	for range failures - 1 {
		if d *= 2; d >= most {
			d = most
			break
		}
	}
	return d + time.Duration((rand.Float64()-0.5)*0.4*float64(d))
}
