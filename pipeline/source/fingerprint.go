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

// cut takes back what was added beyond n bytes.
func (f *fingerprint) cut(n int) {
	if n < len(f.head) {
		f.head, f.hash = f.head[:n], ""
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
func (f *fingerprint) begins(file *os.File) bool { return headOf(file, f.head) }

// headOf reports whether file begins with head.
func headOf(file *os.File, head []byte) bool {
	if len(head) == 0 {
		return true
	}
	var buf [maxPrefix]byte
	n, _ := file.ReadAt(buf[:len(head)], 0)
	return bytes.Equal(buf[:n], head)
}

// agree reports whether a and b may be beginnings of one text.
func agree(a, b []byte) bool {
	n := min(len(a), len(b))
	return bytes.Equal(a[:n], b[:n])
}

// fits reports whether a text that begins with head may be the one that m was made of. A mark without a
// fingerprint fits only where nothing was read.
func (m mark) fits(head []byte) bool {
	if m.Prefix == 0 {
		return m.Offset == 0
	}
	return m.Prefix > 0 && m.Prefix <= len(head) && hashOf(head[:m.Prefix]) == m.Hash
}
