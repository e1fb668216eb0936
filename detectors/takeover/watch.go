package takeover

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// A watch is an odd sign-in, and what came from its address since.
type watch struct {
	since, told pipeline.Time
	fails       uint32
	fresh       bool // from a network that is hardly known
	counts      [2]uint32
	pane        int64 // of five minutes, of the last write
	panes       [2][3]uint32
}

const watchPane = 300 * pipeline.Second

// add counts a post (0) or a follow (1).
func (w *watch) add(now pipeline.Time, kind int) {
	pane := int64(now / watchPane)
	for p := max(w.pane+1, pane-2); p <= pane; p++ {
		w.panes[0][p%3], w.panes[1][p%3] = 0, 0
	}
	w.pane = pane
	w.panes[kind][pane%3]++
	w.counts[kind]++
}

// total returns how many posts and follows there were since the sign-in.
func (w *watch) total() uint32 { return w.counts[0] + w.counts[1] }

// judge says what is too much, and how severe that is: after failures what was done in all, else what is done just now.
func (w *watch) judge() (window.Excess, pipeline.Severity) {
	most := uint32(writesKnown)
	if w.fresh {
		most = writesFresh
	}
	if (w.fresh && w.fails >= fewFails || w.fails >= minFailsBefore) && w.total() >= most {
		return window.Excess{Count: w.total(), Threshold: float64(most), Scale: window.S1h, Part: window.Proven}, pipeline.SeverityCritical
	}
	for kind, most := range [...]uint32{postsInPane, followInPane} {
		n := w.panes[kind][0] + w.panes[kind][1] + w.panes[kind][2]
		if n < most {
			continue
		}
		severity := pipeline.SeverityMedium
		if w.fails >= minFailsBefore {
			severity = pipeline.SeverityCritical
		}
		return window.Excess{Count: n, Threshold: float64(most), Scale: window.S10m, Part: window.Proven}, severity
	}
	return window.Excess{}, pipeline.SeverityUnknown
}

// watches are the odd sign-ins of the last two hours, by address.
type watches map[netip.Addr]*watch

const maxWatches = 1024

// begin watches an address from now on; one that is watched goes on, unless this sign-in is odder.
func (ws watches) begin(addr netip.Addr, w watch) {
	old := ws[addr]
	if old != nil && w.since.Sub(old.since) <= watchFor && old.fails >= w.fails {
		return
	}
	if old == nil && len(ws) >= maxWatches {
		ws.forget(w.since)
	}
	ws[addr] = &w
}

// forget makes room: all that are over go, and the oldest if none is.
func (ws watches) forget(now pipeline.Time) {
	maps.DeleteFunc(ws, func(_ netip.Addr, w *watch) bool { return now.Sub(w.since) > watchFor })
	if len(ws) < maxWatches {
		return
	}
	var oldest netip.Addr
	for addr, w := range ws {
		if o := ws[oldest]; o == nil || w.since < o.since || w.since == o.since && addr.Less(oldest) {
			oldest = addr
		}
	}
	delete(ws, oldest)
}

// Advance does nothing: who is watched is forgotten when there is need of room.
func (d *AccountTakeover) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *AccountTakeover) Due(pipeline.Time) pipeline.Time { return 0 }

// A watchRecord is a watch as it is written, of a fixed size.
type watchRecord struct {
	Addr        [16]byte
	Since, Told int64
	Fails       uint32
	Fresh       bool
	Counts      [2]uint32
	Pane        int64
	Panes       [2][3]uint32
}

// Snapshot writes the watches, sorted.
func (d *AccountTakeover) Snapshot(out io.Writer) error {
	var b bytes.Buffer
	list := slices.SortedFunc(maps.Keys(d.watches), netip.Addr.Compare)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(list))))
	for _, addr := range list {
		w := d.watches[addr]
		err := binary.Write(&b, binary.LittleEndian, watchRecord{addr.As16(), int64(w.since), int64(w.told), w.fails, w.fresh, w.counts, w.pane, w.panes})
		if err != nil {
			return err
		}
	}
	_, err := out.Write(b.Bytes())
	return err
}

// Restore reads what Snapshot wrote.
func (d *AccountTakeover) Restore(in io.Reader) error {
	d.watches = watches{}
	var n uint32
	if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
		return err
	}
	if n > maxWatches {
		return fmt.Errorf("%d watches are more than %d", n, maxWatches)
	}
	for range n {
		var w watchRecord
		if err := binary.Read(in, binary.LittleEndian, &w); err != nil {
			d.watches = watches{}
			return err
		}
		d.watches[netip.AddrFrom16(w.Addr).Unmap()] = &watch{pipeline.Time(w.Since), pipeline.Time(w.Told), w.Fails, w.Fresh, w.Counts, w.Pane, w.Panes}
	}
	return nil
}
