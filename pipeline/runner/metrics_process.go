package runner

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTicks is USER_HZ, in which Linux tells times in /proc on every architecture that Go runs on.
const clockTicks = 100

// processMetrics returns the standard metrics of this process; what the system does not tell is absent.
func processMetrics() []string {
	list := []string{fmt.Sprintf("go_goroutines %d\n", runtime.NumGoroutine())}
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) == nil {
		cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano())
		list = append(list, fmt.Sprintf("process_cpu_seconds_total %g\n", cpu.Seconds()))
	}
	if n, err := ResidentBytes(); err == nil {
		list = append(list, fmt.Sprintf("process_resident_memory_bytes %d\n", n))
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		list = append(list, fmt.Sprintf("process_open_fds %d\n", len(fds)-1)) // one of them reads the others
	}
	if start, ok := startTime(); ok {
		list = append(list, fmt.Sprintf("process_start_time_seconds %.2f\n", start))
	}
	return list
}

// ResidentBytes returns the resident memory of this process.
func ResidentBytes() (uint64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read /proc/self/statm: got %q", b)
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	return pages * uint64(os.Getpagesize()), err
}

// startTime returns when this process started, in seconds since the epoch.
func startTime() (float64, bool) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, false
	}
	// The second field is the program's name, which may hold anything; what follows it is numbers.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const sinceBoot = 22 - 3
	if len(fields) <= sinceBoot {
		return 0, false
	}
	ticks, err := strconv.ParseFloat(fields[sinceBoot], 64)
	if err != nil {
		return 0, false
	}
	boot, ok := bootTime()
	return boot + ticks/clockTicks, ok
}

func bootTime() (float64, bool) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(b), "\nbtime ")
	if !ok {
		return 0, false
	}
	line, _, _ := strings.Cut(rest, "\n")
	boot, err := strconv.ParseFloat(line, 64)
	return boot, err == nil
}
