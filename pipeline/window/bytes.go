package window

import "unsafe"

// bytesOf returns the bytes of s without a copy, for reading only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
