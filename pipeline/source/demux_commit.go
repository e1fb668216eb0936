package source

import "github.com/fedwarden/fedwarden/pipeline"

// Commit notes that a stream is durable up to cursor, and returns the carrier's place up to which all streams
// are. It may be called from any goroutine.
func (d *Demux) Commit(id pipeline.StreamID, cursor pipeline.Cursor) (place string, ok bool) {
	p, err := parseCursor(cursor)
	if err != nil || p.At == "" {
		return "", false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.committed[id] = p.At; p.Ended {
		delete(d.committed, id)
	}
	for _, at := range d.committed {
		if !ok || d.cfg.Compare(at, place) < 0 {
			place, ok = at, true
		}
	}
	return place, ok
}

// note holds back what is committed until a stream that has begun, or goes on, is durable itself.
func (d *Demux) note(id pipeline.StreamID, at string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.committed[id]; !there && at != "" {
		d.committed[id] = at
	}
}
