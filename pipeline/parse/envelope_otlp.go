package parse

// otlp opens what OpenTelemetry's exporters write as JSON: records by resource and scope.
func (o *Opener) otlp(batch string, r Record, depth int) bool {
	before := len(o.records)
	for resource := range elements(batch) {
		l := letter{arena: &o.arena}
		for key, value := range members(resource) {
			if key == "resource" {
				l.attributes(value)
			}
		}
		for key, value := range members(resource) {
			if key != "scopeLogs" && key != "instrumentationLibraryLogs" {
				continue
			}
			for scope := range elements(value) {
				o.scope(&l, scope, r, depth)
			}
		}
	}
	if len(o.records) == before {
		return false
	}
	o.opened = true
	return true
}

// scope opens the records of one scope of the resource that l tells of.
func (o *Opener) scope(l *letter, scope string, r Record, depth int) {
	for key, value := range members(scope) {
		if key != "logRecords" {
			continue
		}
		for record := range elements(value) {
			in := *l
			in.logged(record)
			if in.texts[textBody] == "" {
				continue
			}
			out := in.record()
			out.inside(&r)
			out.Text = in.plain(in.texts[textBody])
			o.deliver(&in, out, depth)
		}
	}
}

// attributes takes in the attributes of a resource or record: [{"key":…,"value":{"stringValue":…}}].
func (l *letter) attributes(object string) {
	for key, value := range members(object) {
		if key == "attributes" {
			l.pairs(value, l.attribute)
		}
	}
}

// pairs calls f for each key of an attribute list whose value is a string.
func (l *letter) pairs(list string, f func(key, raw string)) {
	for pair := range elements(list) {
		var key, raw string
		for name, value := range members(pair) {
			switch name {
			case "key":
				key = l.str(value)
			case "value":
				raw = stringValue(value)
			}
		}
		if key != "" && raw != "" {
			f(key, raw)
		}
	}
}

func stringValue(object string) (raw string) {
	for key, value := range members(object) {
		if key == "stringValue" {
			first(&raw, value)
		}
	}
	return raw
}

// logged takes in a log record. A body of pairs is what the receiver of journald makes.
func (l *letter) logged(record string) {
	l.attributes(record)
	for key, value := range members(record) {
		if value == "" {
			continue
		}
		if rank := timeRank(key); rank == timeNano || rank == timeObserved {
			first(&l.times[rank], value)
		}
		if key != "body" {
			continue
		}
		l.texts[textBody] = stringValue(value)
		for kind, list := range members(value) {
			if kind == "kvlistValue" {
				l.list(list)
			}
		}
	}
}

// list takes in a body of pairs.
func (l *letter) list(list string) {
	for name, values := range members(list) {
		if name != "values" {
			continue
		}
		l.pairs(values, func(key, raw string) {
			if rank := textRank(key); rank >= 0 {
				first(&l.texts[textBody], raw)
			} else if rank := timeRank(key); rank == timeJournal {
				l.times[rank] = raw
			} else {
				l.journal(key, raw)
			}
		})
	}
}
