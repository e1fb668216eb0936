package source

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// bornOf returns when an inode was made, in nanoseconds; zero where the file system does not say. It tells
// a file that was truncated from a new one that was given a deleted one's inode.
func bornOf(f *os.File) int64 {
	var st unix.Statx_t
	err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st)
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*int64(time.Second) + int64(st.Btime.Nsec)
}
