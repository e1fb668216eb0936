package source

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
)

// cursorVersion is the layout of a place; another one can't be read.
const cursorVersion = 1

// A place is what a Cursor holds. A replay goes on in a piece at an offset of its text; a tail in the
// generations that it had not left, oldest first.
type place struct {
	Version int    `json:"v"`
	Seq     uint64 `json:"seq"`              // the last line before the place
	Parser  []byte `json:"parser,omitempty"` // any bytes: a parser may remember part of a line

	Piece  int   `json:"piece,omitempty"`
	Offset int64 `json:"off,omitempty"`

	Generations []mark `json:"gens,omitempty"`

	At    string `json:"at,omitempty"` // a carrier's own place
	Ended bool   `json:"ended,omitempty"`
}

// A mark is a place in one inode. Prefix and Hash are the fingerprint: device and inode alone prove
// nothing, because a deleted file's inode is used again.
type mark struct {
	Dev    uint64 `json:"dev"`
	Ino    uint64 `json:"ino"`
	Prefix int    `json:"n,omitempty"` // bytes from the start that are hashed
	Hash   string `json:"fp,omitempty"`
	Offset int64  `json:"off"`
}

func (p place) cursor() pipeline.Cursor {
	p.Version = cursorVersion
	b, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("BUG: %v", err))
	}
	return pipeline.Cursor(b)
}

func parseCursor(c pipeline.Cursor) (place, error) {
	var p place
	if err := json.Unmarshal([]byte(c), &p); err != nil {
		return place{}, fmt.Errorf("read cursor: %w", err)
	}
	if p.Version != cursorVersion {
		return place{}, fmt.Errorf("read cursor: version %d, not %d", p.Version, cursorVersion)
	}
	return p, nil
}

// Position returns a cursor for people to read: how many bytes of the newest piece lie before it.
func Position(c pipeline.Cursor) string {
	p, err := parseCursor(c)
	if err != nil {
		return "-"
	}
	if p.At != "" {
		return p.At
	}
	offset := p.Offset
	if n := len(p.Generations); n > 0 {
		offset = p.Generations[n-1].Offset
	}
	return "byte " + strconv.FormatInt(offset, 10)
}
