package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCgroupLimits(t *testing.T) {
	root := []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}
	f := func(own string, want ...string) {
		t.Helper()
		if d := cmp.Diff(append(root, want...), cgroupLimits(own)); d != "" {
			t.Errorf("%q: -want +got\n%s", own, d)
		}
	}
	f("0::/system.slice/fedwarden.service\n", "/sys/fs/cgroup/system.slice/fedwarden.service/memory.max", "/sys/fs/cgroup/system.slice/memory.max")
	f("0::/\n")
	f("0::/../../other\n")
	f("12:memory:/docker/x\n1:name=systemd:/\n")
	f("")
}

func TestReadLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "memory.max")
	f := func(text string, want Size, ok bool) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, got := readLimit(path); got != ok || ok && n != want {
			t.Errorf("%q: got %d, %t, want %d, %t", text, n, got, want, ok)
		}
	}
	f("134217728\n", 128<<20, true)
	f("max\n", 0, false)
	f("", 0, false)
	if _, ok := readLimit(path + "x"); ok {
		t.Error("got a limit of no file")
	}
}
