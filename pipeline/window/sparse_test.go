package window

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSparse writes lists of any kind and reads them back, each to its last byte.
func TestSparse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(uint64(0)), rapid.Uint64())
		wide := rapid.SliceOfN(word, 0, 1500).Draw(t, "list")
		narrow := make([]uint32, len(wide))
		for i, v := range wide {
			narrow[i] = uint32(v)
		}
		var b bytes.Buffer
		c := coder{w: &b}
		c.sparse64(wide)
		c.sparse(narrow)
		gotWide, gotNarrow, d := make([]uint64, len(wide)), make([]uint32, len(narrow)), decoder{r: &b}
		d.sparse64(gotWide)
		d.sparse(gotNarrow)
		if d.err != nil || b.Len() != 0 || !slices.Equal(gotWide, wide) || !slices.Equal(gotNarrow, narrow) {
			t.Fatalf("got %v, %v after %v, and %d bytes are left", gotWide, gotNarrow, d.err, b.Len())
		}
	})
}

// TestSparseDamaged reads any bytes as a list: an error, or a list that is written and read again as it is.
func TestSparseDamaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		list, again := make([]uint32, 10), make([]uint32, 10)
		if takeSparse(b, list) && (!takeSparse(appendSparse(nil, list), again) || !slices.Equal(list, again)) {
			t.Fatalf("%x is %v, then %v", b, list, again)
		}
	})
}
