package source

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/fedwarden/fedwarden/pipeline"
)

// cursorVersion is the layout of a place. Layout 1 knew neither what was left nor what is known besides.
const cursorVersion = 2

// A place is what a Cursor holds. A replay goes on in a piece at an offset of its text; a tail in the
// generations that it had not left, oldest first.
type place struct {
	Version int    `json:"v"`
	Seq     uint64 `json:"seq"`              // the last line before the place
	Parser  []byte `json:"parser,omitempty"` // any bytes: a parser may remember part of a line

	Piece  int   `json:"piece,omitempty"`
	Offset int64 `json:"off,omitempty"`

	Generations []mark `json:"gens,omitempty"`
	Known       []mark `json:"known,omitempty"` // texts that were read to their end or are not to be read
	Horizon     int64  `json:"since,omitempty"` // rotated files written before this are not to be read
	Past        int64  `json:"past,omitempty"`  // rotated files written before this are history, which is being read

	At    string `json:"at,omitempty"` // a carrier's own place
	Ended bool   `json:"ended,omitempty"`
	// Routes is which log the lines of an origin belong to at that place that tell nothing by themselves.
	Routes map[string]pipeline.Format `json:"routes,omitempty"`
}

// A mark is a place in one file. Prefix and Hash are the fingerprint of its text: device and inode alone
// prove nothing, because a deleted file's inode is used again, and an archive has another one.
type mark struct {
	Dev    uint64 `json:"dev,omitempty"`
	Ino    uint64 `json:"ino,omitempty"`
	Born   int64  `json:"born,omitempty"`
	Prefix int    `json:"n,omitempty"` // bytes from the start that are hashed
	Hash   string `json:"fp,omitempty"`
	Offset int64  `json:"off"`
	Left   bool   `json:"left,omitempty"` // it was read to its end: nothing is lost if it is gone
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
	if p.Version < 1 || p.Version > cursorVersion {
		return place{}, fmt.Errorf("read cursor: version %d, not 1 to %d", p.Version, cursorVersion)
	}
	return p, nil
}

// seekPlace returns the place in a cursor for a source whose one stream is own.
func seekPlace(own, stream pipeline.StreamID, c pipeline.Cursor) (place, error) {
	if stream != own {
		return place{}, fmt.Errorf("seek %s: this is %s", stream, own)
	}
	p, err := parseCursor(c)
	if err != nil {
		return place{}, fmt.Errorf("seek %s: %w", stream, err)
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
	for _, m := range p.Generations {
		if m.Offset > 0 || offset == 0 {
			offset = m.Offset
		}
	}
	return "byte " + strconv.FormatInt(offset, 10)
}
