package checkpoint

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/fedwarden/fedwarden/pipeline"
)

// mountSmall returns a directory on a file system of its own, with so many bytes.
func mountSmall(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("no file system of a few bytes can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := mountSmall(t, "size=3m")
	s := open(t, dir)
	save(t, s, small(1))
	want, _ := stateOf(t, s)
	big := small(2)
	big.Parts = append(big.Parts, part("big", random(1, 4<<20)))
	for range 3 {
		err := s.Save(big)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), s.path) {
			t.Fatalf("got %v, want that the disk is full, and which file", err)
		}
		if got, notices := stateOf(t, s); !sameState(got, want) || len(notices) > 0 {
			t.Fatalf("got another state after it, notices %v", notices)
		}
	}
	s.Close()
	s = open(t, dir)
	if got, notices := stateOf(t, s); !sameState(got, want) || len(notices) > 0 {
		t.Fatalf("got another state after a restart, notices %v", notices)
	}
	save(t, s, small(3)) // there is room for this
	if err := s.Ack([]uint64{3}); err != nil {
		t.Error(err)
	}
	s.Close()
	if cp := load(t, open(t, dir)); cp.Streams[0].Seq != 3 || len(cp.Outbox) != 1 {
		t.Errorf("got checkpoint %d with %d deliveries", cp.Streams[0].Seq, len(cp.Outbox))
	}
}

// A disk that has always been full is a clear error, and not a damaged file.
func TestFullFromTheBeginning(t *testing.T) {
	dir := mountSmall(t, "size=8k")
	for range 2 {
		s, err := Open(dir, Options{})
		if err == nil {
			err = s.Save(&pipeline.Checkpoint{})
			s.Close()
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir) {
			t.Errorf("got %v, want that the disk is full, and which file", err)
		}
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := mountSmall(t, "size=1m")
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v, want that nothing can be written there", err)
	}
}
