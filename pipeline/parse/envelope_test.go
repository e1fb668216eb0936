package parse

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fedwarden/fedwarden/pipeline"
)

// jsonText writes a JSON string as most writers do, bytes that are no UTF-8 as they are.
func jsonText(s string) string {
	b := []byte{'"'}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// numbers writes a text as journalctl does one that is not plain.
func numbers(s string) string {
	b := []byte{'['}
	for i := range len(s) {
		b = strconv.AppendInt(b, int64(s[i]), 10)
		b = append(b, ',')
	}
	return string(append(b[:len(b)-1], ']'))
}

// aroundQuoted are envelopes around a line as a JSON string.
var aroundQuoted = map[string]string{
	"filebeat":        `{"@timestamp":"2026-11-18T14:07:59.412Z","@metadata":{"beat":"filebeat"},"log":{"file":{"path":"/var/log/x.log"}},"message":%s}`,
	"filebeat 6":      `{"@timestamp":"2018-11-18T14:07:59.412Z","beat":{"hostname":"web1"},"source":"/var/log/x.log","message":%s}`,
	"vector":          `{"file":"/var/log/x.log","host":"web1","message":%s,"source_type":"file","timestamp":"2026-11-18T14:07:59.413Z"}`,
	"vector journald": `{"SYSLOG_IDENTIFIER":"bundle","_SYSTEMD_UNIT":"x.service","message":%s,"source_type":"journald","timestamp":"2026-11-18T14:07:59.413Z"}`,
	"vector docker":   `{"container_name":"web","message":%s,"source_type":"docker_logs","stream":"stdout","timestamp":"2026-11-18T14:07:59.413Z"}`,
	"fluent bit":      `{"@timestamp":1795010879.412345,"log":%s}`,
	"fluent bit pods": `{"@timestamp":1795010879.412345,"stream":"stdout","logtag":"F","log":%s,"kubernetes":{"pod_name":"web"}}`,
	"fluentd":         `{"container_id":"0123","container_name":"/web-1","source":"stdout","log":%s}`,
	"journald":        `{"__REALTIME_TIMESTAMP":"1795010879412345","_TRANSPORT":"stdout","_SYSTEMD_UNIT":"x.service","MESSAGE":%s}`,
	"journald twice":  `{"__REALTIME_TIMESTAMP":"1795010879412345","MESSAGE":[%s,"other"]}`,
	"logstash":        `{"@timestamp":"2026-11-18T14:07:59.412Z","@version":"1","host":{"name":"web1"},"message":%s}`,
	"event.original":  `{"@timestamp":"2026-11-18T14:07:59.412Z","@version":"1","event":{"original":%s}}`,
	"gelf":            `{"version":"1.1","host":"web1","short_message":%s,"timestamp":1795010879.412}`,
	"cloudevents":     `{"specversion":"1.0","id":"1","source":"x","type":"y","data":%s}`,
	"otlp":            `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795010879412345678","body":{"stringValue":%s}}]}]}]}`,
	"rsyslog json":    `{"message":%s, "@timestamp":"2026-11-26T10:50:11.467810+00:00", "host":"web1", "program":"nginx"}`,
	"splunk":          `{"line":%s,"source":"stdout","tag":"web"}`,
	"bare message":    `{"message":%s}`,
}

// aroundPlain are envelopes before a line as it is.
var aroundPlain = map[string]string{
	"compose":           "web-1      | %s",
	"compose coloured":  "\x1b[36mweb-1  | \x1b[0m%s",
	"compose 1":         "\x1b[36mweb_1    |\x1b[0m %s",
	"compose -t":        "web-1  | 2026-11-18T14:07:58.123456789Z %s",
	"docker -t":         "2026-11-18T14:07:58.123456789Z %s",
	"cri":               "2026-11-18T14:07:58.123456789Z stdout F %s",
	"cri tags":          "2026-11-18T14:07:58.123456789+02:00 stderr F:x %s",
	"rfc 3164":          "<190>Nov 18 14:07:58 web1 nginx: %s",
	"rfc 3164 no host":  "<190>Nov 18 14:07:58 nginx: %s",
	"short":             "Nov 18 14:07:58 web1 bundle[812]: %s",
	"short-precise":     "Nov 18 14:07:58.123456 web1 bundle[812]: %s",
	"short-iso":         "2026-11-18T14:07:58+0000 web1 bundle[812]: %s",
	"short-iso-precise": "2026-11-18T14:07:58.123456+00:00 web1 bundle[812]: %s",
	"short-full":        "Wed 2026-11-18 14:07:58 UTC web1 bundle[812]: %s",
	"short-full zone":   "Wed 2026-11-18 14:07:58 CET web1 bundle[812]: %s",
	"short-unix":        "1795010878.123456 web1 bundle[812]: %s",
	"rfc 5424":          "<190>1 2026-11-18T14:07:58.1Z web1 nginx 812 - [x@1 a=\"]\\\"\"] \ufeff%s",
	"rfc 5424 nil":      "<190>1 - - - - - -  %s",
	"rsyslog":           "2026-11-18T14:07:58.123456+00:00 web1 nginx: %s",
	"rsyslog forward":   "<190>2026-11-18T14:07:58.123456+00:00 web1 nginx: %s",
	"router":            "2022-12-19T18:46:15Z app[web] dc1 [info]%s",
}

// wraps returns every envelope by name, each a function that puts a line in it.
func wraps() map[string]func(string) string {
	all := map[string]func(string) string{
		"docker": func(s string) string {
			return `{"log":` + jsonText(s+"\n") + `,"stream":"stdout","time":"2026-11-18T14:07:58.1Z"}`
		},
		"journald numbers": func(s string) string {
			return `{"__REALTIME_TIMESTAMP":"1795010879412345","MESSAGE":` + numbers(s) + `}`
		},
		"string in string": func(s string) string { return jsonText(`{"message":` + jsonText(s) + `,"host":"web1"}`) },
	}
	for name, format := range aroundPlain {
		all[name] = func(s string) string { return fmt.Sprintf(format, s) }
	}
	for name, format := range aroundQuoted {
		all[name] = func(s string) string { return fmt.Sprintf(format, jsonText(s)) }
	}
	docker, filebeat, journald := all["docker"], all["filebeat"], all["journald"]
	all["docker in filebeat"] = func(s string) string { return filebeat(docker(s)) }
	all["cri in fluent bit in cloudevents"] = func(s string) string {
		return fmt.Sprintf(aroundQuoted["cloudevents"], jsonText(fmt.Sprintf(aroundQuoted["fluent bit"], jsonText(fmt.Sprintf(aroundPlain["cri"], s)))))
	}
	all["syslog in journald"] = func(s string) string { return journald(fmt.Sprintf(aroundPlain["short"], s)) }
	all["compose in journald"] = func(s string) string { return journald(fmt.Sprintf(aroundPlain["compose"], s)) }
	return all
}

// Every captured line gives the same in every envelope as by itself.
func TestEnvelopeChangesNothing(t *testing.T) {
	files, err := filepath.Glob("testdata/captures/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("captures: got %d files, %v", len(files), err)
	}
	for name, wrap := range wraps() {
		for _, file := range files {
			p, q := newParser(t, Options{}), newParser(t, Options{})
			for i, line := range captured(t, filepath.Base(file)) {
				if line == "" && strings.HasPrefix(name, "journald numbers") {
					continue // an empty text is plain
				}
				same(t, fmt.Sprintf("%s:%d in %s", filepath.Base(file), i+1, name), p, q, line, wrap(line))
			}
		}
	}
}

// same parses a line with p, and with q in its envelope.
func same(t *testing.T, what string, p, q *Parser, line, wrapped string) {
	t.Helper()
	records := q.Open(wrapped)
	if len(records) != 1 || !q.opener.opened {
		t.Fatalf("%s: got %d records, opened %v, want 1: %.300q", what, len(records), q.opener.opened, wrapped)
	}
	var want, got pipeline.Event
	env := recordEnv(&records[0])
	wantSkip, wantErr := p.Parse(line, env, &want)
	gotSkip, gotErr := q.Parse(records[0].Text, env, &got)
	if records[0].Text != line { // what is peeled off later is part of the sample
		got.Sample, want.Sample = "", ""
	}
	if diff := cmp.Diff([]string{wantSkip, describe(&want), want.Sample}, []string{gotSkip, describe(&got), got.Sample}); diff != "" {
		t.Fatalf("%s (-bare +wrapped):\n%s", what, diff)
	}
	if (wantErr == nil) != (gotErr == nil) || wantErr != nil && wantErr.Reason != gotErr.Reason {
		t.Fatalf("%s: got error %v, want %v", what, gotErr, wantErr)
	}
}

// What is itself a line of a log is one record of the identical text.
func TestCapturesAreNoEnvelopes(t *testing.T) {
	var o Opener
	for _, line := range captured(t, "*.log") {
		if strings.HasPrefix(line, "<190>") {
			continue // nginx-syslog.log
		}
		records := o.Open(line)
		if len(records) != 1 || records[0] != (Record{Text: line}) || o.opened {
			t.Errorf("%.80q: got %+v", line, records)
		}
	}
	for _, line := range []string{
		`{"@timestamp":"2026-11-18T14:07:59Z","message":"x","host":"h","log":"y","remote_addr":"203.0.113.7","request":"GET / HTTP/1.1","status":200}`,
		`{"level":"info","time":1795010879,"pid":1,"hostname":"x","msg":"203.0.113.7 - - [18/Nov/2026:14:07:58 +0000] \"POST /inbox HTTP/2.0\" 202 0 \"-\" \"-\""}`,
		`{"level":"info","message":"203.0.113.7 - - [18/Nov/2026:14:07:58 +0000] \"POST /inbox HTTP/2.0\" 202 0 \"-\" \"-\"","timestamp":"2026-11-18"}`,
		`{"level":"info","version":"1.0","host":"h","message":"x"}`, `{"level":"info","stream":"user","message":"x"}`,
		`{"msg":"x"}`, `{"line":"x"}`, `{"short_message":"x"}`, `{"data":"x"}`, `{"log":{"a":1}}`, `{}`, `{"message":}`, `{"message":"cut`, `"{"`,
	} {
		if records := o.Open(line); len(records) != 1 || records[0] != (Record{Text: line}) || o.opened {
			t.Errorf("%s: got %+v", line, records)
		}
	}
}

// nginx's JSON may name its fields as an envelope does, where one says so.
func TestConfiguredKeysAreNoEnvelope(t *testing.T) {
	const line = `{"message":"GET / HTTP/1.1","log":"200","host":"203.0.113.7","@timestamp":"2026-11-18T14:07:59Z"}`
	p := newParser(t, Options{JSONKeys: map[string]string{"request": "message", "status": "log", "remote_addr": "host"}})
	records := p.Open(line)
	if len(records) != 1 || records[0].Text != line {
		t.Fatalf("got %+v", records)
	}
	var e pipeline.Event
	if _, err := p.Parse(records[0].Text, Env{}, &e); err != nil || e.Status != 200 {
		t.Errorf("got %v, %+v", err, e)
	}
}

// A line that a shipper has laid flat among its own members gives the same as by itself.
func TestFlatLines(t *testing.T) {
	const head = `{"@timestamp":"2020-11-18T14:08:09.412Z","@metadata":{"beat":"filebeat"},"agent":{"name":"web1"},"host":{"name":"web1"},`
	const tail = `,"log":{"file":{"path":"/var/log/x.json"}},"ecs":{"version":"8.0.0"}}`
	var lines []string
	for _, line := range captured(t, "*json.log") {
		if _, object, ok := strings.Cut(line, "] {"); ok && strings.HasPrefix(line, "I, ") { // of Rails, whose prefix no shipper could have parsed
			line = "{" + object
		}
		if strings.HasPrefix(line, "{") {
			lines = append(lines, line)
		}
	}
	if len(lines) < 100 {
		t.Fatalf("got %d lines in JSON", len(lines))
	}
	for _, line := range lines {
		p, q := newParser(t, Options{}), newParser(t, Options{})
		same(t, line, p, q, line, head+strings.TrimSuffix(line[1:], "}")+tail)
		if got := q.Open(head + line[1:])[0]; got.Origin.Host != "web1" || got.Read == 0 {
			t.Errorf("%s: got %+v", line, got)
		}
	}
}
