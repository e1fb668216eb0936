package source

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

func TestCursorKeepsAnyBytesOfTheParser(t *testing.T) {
	want := place{Version: cursorVersion, Seq: 1 << 40, Parser: []byte("\x00\xff;é"), Piece: 3, Offset: 77,
		Generations: []mark{{Dev: 1, Ino: 1 << 63, Prefix: 5, Hash: "ab", Offset: 9}}}
	got, err := parseCursor(want.cursor())
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, d)
	}
}

// FuzzSeek goes on from any cursor: it is refused, or reading ends; nothing panics.
func FuzzSeek(f *testing.F) {
	path := write(f, filepath.Join(f.TempDir(), "access.log"), nginxLog(0, 9))
	f.Add(`{"v":1,"seq":3,"off":80}`)
	f.Add(`{"v":1,"seq":3,"gens":[{"dev":1,"ino":2,"n":1024,"fp":"00","off":-1}]}`)
	f.Add(`{"v":1,"piece":1}`)
	f.Fuzz(func(t *testing.T, cursor string) {
		r := newReplay(t, ReplayConfig{Inputs: inputs(path)})
		if err := r.streams[0].Seek("nginx", pipeline.Cursor(cursor)); err == nil {
			tryDrain(r.streams[0])
		}
		tl, err := NewTail(TailConfig{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		defer tl.Close()
		if tl.Seek(tl.id, pipeline.Cursor(cursor)) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for range 2 { // opened; then lines or a claim
			if _, err := tl.Read(ctx); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
	})
}
