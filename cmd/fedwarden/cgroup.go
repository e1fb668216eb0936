package main

import (
	"fmt"
	"os"
	"path"
	"strings"
)

// memoryDefault is the smaller of 256 MB and the least limit of a cgroup that we are in.
func memoryDefault() Size {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		own = nil
	}
	limit := Size(defaultMemory)
	for _, file := range cgroupLimits(string(own)) {
		if n, ok := readLimit(file); ok {
			limit = min(limit, n)
		}
	}
	return limit
}

// cgroupLimits returns the files in which limits may stand. In a container the cgroup is the root of what
// is seen; under systemd it and those above it have names, which own tells as /proc/self/cgroup does.
func cgroupLimits(own string) []string {
	const root = "/sys/fs/cgroup"
	files := []string{root + "/memory.max", root + "/memory/memory.limit_in_bytes"}
	for line := range strings.Lines(own) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::/")
		for ok && name != "" && name != "." && !strings.HasPrefix(name, "..") {
			files = append(files, path.Join(root, name, "memory.max"))
			name = path.Dir(name)
		}
	}
	return files
}

func readLimit(file string) (Size, bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	var n int64
	_, err = fmt.Sscan(string(b), &n) // "max" is none
	return Size(n), err == nil && n > 0
}
