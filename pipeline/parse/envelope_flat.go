package parse

import "strings"

// flat takes a line out of an envelope into which its members were laid flat, as Filebeat's
// json.keys_under_root does: it is written again with the line's own members alone, and first the one by
// which its format is known. An object without a shipper's mark is the line as it stands.
func (o *Opener) flat(l *letter, r Record) bool {
	if !l.has(markShipper) {
		return false
	}
	lead := "method"
	if l.has(markSidekiq) {
		lead = "ts"
	}
	b := append(o.arena.room(len(r.Text)), '{')
	for _, leading := range [...]bool{true, false} {
		j := jsonReader{s: r.Text, i: 1}
		for {
			from := j.memberFrom()
			key, raw, more, _ := j.raw()
			if !more {
				break
			}
			if (key == lead) != leading || isShippers(key, raw) {
				continue
			}
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(b, strings.TrimRight(r.Text[from:j.i], " \t\r\n")...)
		}
	}
	text := o.arena.keep(append(b, '}'))
	o.opened = true
	l.times[timePlain], l.times[timeStamp] = "", "" // the line's own
	in := l.record()
	in.inside(&r)
	in.Text = text
	o.records = append(o.records, in)
	return true
}

// memberFrom returns where the next member begins.
func (j *jsonReader) memberFrom() int {
	ahead := *j
	if ahead.next() == ',' {
		ahead.i++
		ahead.next()
	}
	return ahead.i
}

// isShippers reports whether a member is the shipper's, not the line's. A name that both use is the
// shipper's where it is an object: nginx, Rails and Sidekiq write none by these names.
func isShippers(key, raw string) bool {
	switch key {
	case "@timestamp", "@metadata", "@version", "ecs", "source_type", "kubernetes":
		return true
	case "agent", "beat", "host", "log", "input", "container", "docker", "event", "file", "fileset", "service", "prospector":
		return raw != "" && raw[0] == '{'
	}
	return false
}

// event opens the payload of a CloudEvent, which may be anything.
func (o *Opener) event(l *letter, r Record, depth int) bool {
	o.opened = true
	in := l.record()
	in.Time, in.Origin = 0, Origin{} // of the event, not of what is in it
	in.inside(&r)
	in.Text = l.data
	if l.data[0] != '{' {
		in.Text = l.plain(l.data)
	}
	o.shipped(in, depth+1)
	return true
}
