package source

import (
	"strings"
	"unicode"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// maxMemberName bounds what a shipper's names add to a stream's.
const maxMemberName = 160

// memberOf returns the stream of a record at place, begun if need be.
func (d *Demux) memberOf(rec *parse.Record, place string) *member {
	carrier := d.members[d.cfg.Carrier]
	name, ok := "", false
	if d.cfg.Name != nil {
		name, ok = d.cfg.Name(rec)
	}
	if !ok {
		name = d.nameOf(rec)
	}
	if name == "" {
		return carrier
	}
	id := d.cfg.Carrier + "/" + pipeline.StreamID(clean(name))
	if m := d.members[id]; m != nil {
		if m.ended && m.isNew(place, d.cfg.Compare) { // else it is read again up to where it ended
			m.ended, m.opened = false, false
			d.open(m)
		}
		return m
	}
	if len(d.order) > d.cfg.Max && !d.forget() {
		if !d.crowded {
			d.crowded = true
			d.cfg.Log.Warn("too many streams; what others bring is read as the carrier's own", "carrier", d.cfg.Carrier, "max", d.cfg.Max)
		}
		return carrier
	}
	m, err := d.join(id, d.cfg.Options(rec))
	if err != nil {
		return carrier // its options were checked before: they are the configuration's
	}
	d.open(m)
	return m
}

// join begins a stream. It may have been there before, so its numbers begin behind all that were ever given.
func (d *Demux) join(id pipeline.StreamID, o parse.Options) (*member, error) {
	asm, err := newAssembler(parserOf(Input{}, o, nil))
	if err != nil {
		return nil, err
	}
	asm.seq = d.given
	for _, m := range d.order {
		asm.seq = max(asm.seq, m.asm.seq)
	}
	m := &member{id: id, asm: asm}
	d.members[id] = m
	d.order = append(d.order, m)
	return m, nil
}

// forget makes room: of the streams that have ended, the one that was begun first is dropped. Its number is
// remembered.
func (d *Demux) forget() bool {
	for i, m := range d.order {
		if !m.ended {
			continue
		}
		d.given = max(d.given, m.asm.seq)
		d.order = append(d.order[:i:i], d.order[i+1:]...)
		delete(d.members, m.id)
		return true
	}
	return false
}

// nameOf tells logs apart by where they come from; where that does not single one out, by what they hold. A line
// that tells nothing by itself, as one of a backtrace, belongs to the log of its origin that was told last.
func (d *Demux) nameOf(rec *parse.Record) string {
	o := &rec.Origin
	log := ""
	for _, name := range []string{o.File, o.Unit, o.Container, o.Service} {
		if name != "" {
			log = name
			break
		}
	}
	if log == "" {
		log = d.formatOf(rec)
	}
	if o.Host == "" {
		return log
	}
	return o.Host + ":" + log
}

// formatOf tells a log by its program and its lines' format.
func (d *Demux) formatOf(rec *parse.Record) string {
	from := clean(rec.Origin.Host + "/" + rec.Origin.Program)
	f := d.sniffer.Recognise(rec.Text)
	if f == pipeline.FormatUnknown {
		f = d.formats[from]
	} else if len(d.formats) < maxOrigins || d.formats[from] != pipeline.FormatUnknown {
		d.formats[from] = f
	}
	if f == pipeline.FormatUnknown {
		return rec.Origin.Program
	}
	if rec.Origin.Program == "" {
		return f.String()
	}
	return rec.Origin.Program + ":" + f.String()
}

// maxOrigins bounds what is remembered of hosts and programs that strangers may have named.
const maxOrigins = 64

// clean makes a shipper's name safe to show, and bounds it.
func clean(name string) string {
	if len(name) > maxMemberName {
		name = name[:maxMemberName]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == '\uFFFD' { // also what a terminal obeys beyond ASCII, or shows backwards
			return '_'
		}
		return r
	}, name)
}
