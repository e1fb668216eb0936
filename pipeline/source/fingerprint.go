package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"syscall"
)

// maxPrefix is how much of a file's beginning its fingerprint covers.
const maxPrefix = 1024

// An inode is a file by what it is, not by what it is called.
type inode struct{ dev, ino uint64 }

func inodeOf(fi os.FileInfo) inode {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return inode{}
	}
	return inode{uint64(st.Dev), st.Ino}
}

// A fingerprint is the beginning of a file as it was delivered. It is never read from the file later,
// because a file that was truncated meanwhile would give the beginning of something else.
type fingerprint struct {
	head []byte
	hash string // of head; empty when head has grown
}

// add takes a line as it was in the file, while the beginning isn't complete.
func (f *fingerprint) add(raw string) {
	if n := maxPrefix - len(f.head); n > 0 {
		f.head = append(f.head, raw[:min(n, len(raw))]...)
		f.hash = ""
	}
}

// sum returns the hash of the beginning.
func (f *fingerprint) sum() string {
	if f.hash == "" && len(f.head) > 0 {
		f.hash = hashOf(f.head)
	}
	return f.hash
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// begins reports whether file still begins as it was delivered.
func (f *fingerprint) begins(file *os.File) bool {
	if len(f.head) == 0 {
		return true
	}
	now := make([]byte, len(f.head))
	n, _ := file.ReadAt(now, 0)
	return bytes.Equal(now[:n], f.head)
}

// verify reads the beginning that m describes and reports whether it is the same. What it has read is then
// known to be what was delivered.
func (m mark) verify(file *os.File) (fingerprint, bool) {
	if m.Prefix < 0 || m.Prefix > maxPrefix {
		return fingerprint{}, false
	}
	head := make([]byte, m.Prefix)
	if n, _ := file.ReadAt(head, 0); n < m.Prefix || m.Prefix > 0 && hashOf(head) != m.Hash {
		return fingerprint{}, false
	}
	return fingerprint{head: head, hash: m.Hash}, true
}
