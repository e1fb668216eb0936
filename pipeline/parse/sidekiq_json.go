package parse

import "strings"

// readJSON reads a line of Sidekiq's JSON formatter, cut short as it may be.
func (en *entry) readJSON(line string) bool {
	o := object{text: line}
	said := false
	for o.next() {
		switch v := o.value; o.key {
		case "ts":
			first(&en.stamp, o.inner(v))
		case "pid":
			first(&en.pid, v)
		case "tid":
			first(&en.tid, o.inner(v))
		case "msg":
			first(&en.msg, o.begun(v))
			said = true
		case "ctx":
			en.readJSONContext(v)
		}
	}
	en.escaped = strings.IndexByte(en.msg, '\\') >= 0
	return said && en.known()
}

func (en *entry) readJSONContext(s string) {
	o := object{text: s}
	for o.next() {
		switch v := o.value; o.key {
		case "class":
			first(&en.class, o.inner(v))
		case "jid":
			first(&en.jid, o.inner(v))
		case "elapsed":
			first(&en.elapsed, v)
		case "context":
			first(&en.context, o.inner(v))
		case "job":
			first(&en.job, v)
		}
	}
}
