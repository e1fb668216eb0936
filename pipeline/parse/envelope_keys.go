package parse

import "strings"

// member takes in one member.
func (l *letter) member(key, raw string) {
	if raw == "" {
		if key == "MESSAGE" { // null: more than journalctl was told to show
			l.texts[textJournal] = `""`
		}
		return
	}
	l.field(key, raw)
	if rank := textRank(key); rank >= 0 && (raw[0] == '"' || raw[0] == '[') {
		first(&l.texts[rank], raw)
		if rank != textLog {
			l.marks |= markElse
		}
		return
	}
	if rank := timeRank(key); rank >= 0 && raw[0] != '{' {
		first(&l.times[rank], raw)
		l.timed(key)
		return
	}
	if key != "stream" && key != "attrs" {
		l.marks |= markElse
	}
	if raw[0] == '{' {
		l.group(key, raw)
		return
	}
	switch key {
	case "resourceLogs":
		l.batch = raw
	case "source":
		l.source(raw)
	default:
		if !l.journal(key, raw) {
			l.known(key, raw)
		}
	}
}

// textRank returns the place of a key among those of a text, -1 for none.
func textRank(key string) int {
	switch key {
	case "message":
		return textMessage
	case "log":
		return textLog
	case "MESSAGE":
		return textJournal
	case "event.original":
		return textOriginal
	case "msg":
		return textMsg
	case "full_message":
		return textFull
	case "short_message":
		return textShort
	case "line":
		return textLine
	}
	return -1
}

// timeRank returns the place of a key among those of a time, -1 for none.
func timeRank(key string) int {
	switch key {
	case "__REALTIME_TIMESTAMP":
		return timeJournal
	case "timeUnixNano":
		return timeNano
	case "time":
		return timePlain
	case "timestamp":
		return timeStamp
	case "@timestamp":
		return timeAt
	case "observedTimeUnixNano":
		return timeObserved
	}
	return -1
}

// timed marks what the name of a time alone tells.
func (l *letter) timed(key string) {
	switch key {
	case "__REALTIME_TIMESTAMP":
		l.marks |= markJournal | markElse
	case "time":
	default:
		l.marks |= markElse
	}
}

// field marks what a line of nginx, Rails or Sidekiq in JSON has: then the object is that line itself.
func (l *letter) field(key, raw string) {
	if raw[0] == '{' || raw[0] == '[' {
		return
	}
	if l.keys != nil {
		switch l.keys[key].field {
		case fieldStatus:
			l.marks |= markStatus
		case fieldRequest, fieldURI:
			l.marks |= markRequest
		}
	}
	switch key {
	case "status":
		l.marks |= markStatus
	case "request", "uri", "request_uri", "controller":
		l.marks |= markRequest
	case "ts":
		l.marks |= markTS
	case "pid":
		l.marks |= markPID | markApp
	case "tid":
		l.marks |= markTID
	}
}

// source reads the key that older Filebeats name the file by, docker's fluentd driver the stream, and
// CloudEvents themselves.
func (l *letter) source(raw string) {
	switch s := l.str(raw); {
	case s == "stdout" || s == "stderr":
		l.stream = s
	case strings.HasPrefix(s, "/"):
		l.note(&l.origin.File, raw)
	}
}

// journal takes in what journald and its shippers say.
func (l *letter) journal(key, raw string) bool {
	switch key {
	case "_HOSTNAME":
		l.note(&l.origin.Host, raw)
	case "_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT":
		l.note(&l.origin.Unit, raw)
		l.marks |= markJournal
	case "SYSLOG_IDENTIFIER":
		l.note(&l.origin.Program, raw)
	case "CONTAINER_NAME":
		l.note(&l.origin.Container, raw)
	case "CONTAINER_ID":
		first(&l.id, l.str(raw))
	case "_TRANSPORT":
		l.carrier = l.str(raw)
		l.marks |= markJournal
	case "N_DROPPED":
		l.dropped = l.plain(raw)
	case "OBJECT_SYSTEMD_UNIT":
		l.unit = cut(l.str(raw), maxOrigin)
	case "CONTAINER_PARTIAL_MESSAGE", "partial_message":
		l.piece(raw, "true", markPiece)
	case "CONTAINER_PARTIAL_LAST", "partial_last":
		l.piece(raw, "true", markLast)
	case "_LINE_BREAK":
		l.piece(raw, "line-max", markPiece)
	case "logtag", "_p":
		l.piece(raw, "P", markPiece)
		l.marks |= markTagged
	default:
		return false
	}
	return true
}

func (l *letter) piece(raw, is string, m mark) {
	if strings.Trim(raw, `"`) == is {
		l.marks |= m
	}
}

// known takes in what other shippers say of a line's origin, and what they are known by.
func (l *letter) known(key, raw string) {
	switch key {
	case "host", "hostname":
		l.note(&l.origin.Host, raw)
	case "file", "filename":
		l.note(&l.origin.File, raw)
	case "path":
		if strings.Contains(raw, "log") {
			l.note(&l.origin.File, raw)
		}
	case "container_name", "_container_name":
		l.note(&l.origin.Container, raw)
	case "container_id", "_container_id":
		first(&l.id, l.str(raw))
		l.marks |= markOrigin
	case "program", "programname", "appname", "app_name", "ident", "tag", "syslogtag":
		l.note(&l.origin.Program, raw)
	case "stream":
		l.stream = l.str(raw)
	case "source_type":
		l.sourceType(l.str(raw))
	case "@version":
		l.marks |= markShipper
	case "specversion":
		l.marks |= markEvent
	case "version":
		if raw == `"1.1"` || raw == `"1.0"` {
			l.marks |= markGELF
		}
	case "data":
		l.data = raw
	case "level", "lvl", "logger", "logger_name", "thread_name", "caller":
		l.marks |= markApp
	default:
		l.attribute(key, raw)
	}
}

// sourceType reads by which of Vector's sources a line came.
func (l *letter) sourceType(s string) {
	l.marks |= markShipper
	switch s {
	case "journald", "docker_logs", "kubernetes_logs", "syslog":
		l.marks |= markCarried
	}
}

// attribute takes in what has a name by the conventions of OpenTelemetry, which are the ECS's too.
func (l *letter) attribute(key, raw string) {
	switch key {
	case "host.name":
		l.note(&l.origin.Host, raw)
	case "service.name", "k8s.container.name", "com.docker.compose.service", "com_docker_compose_service":
		l.note(&l.origin.Service, raw)
	case "container.name", "k8s.pod.name":
		l.note(&l.origin.Container, raw)
	case "container.id":
		first(&l.id, l.str(raw))
	case "log.file.path", "log.file.name":
		l.note(&l.origin.File, raw)
	case "log.iostream":
		l.stream = l.str(raw)
	}
}

// maxOrigin bounds each part of an origin; what is longer names nothing.
const maxOrigin = 1 << 10

// note keeps a part of the origin, the first that is told.
func (l *letter) note(to *string, raw string) {
	s := l.plain(raw)
	if s == "" || len(s) > maxOrigin {
		return
	}
	l.marks |= markOrigin
	switch to {
	case &l.origin.Container:
		s = strings.TrimPrefix(s, "/")
	case &l.origin.Program:
		s, _, _ = strings.Cut(strings.TrimSuffix(s, ":"), "[")
	}
	first(to, s)
}
