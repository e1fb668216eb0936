package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// A request is one that reaches nginx. If an action of Rails answers it, took is Rails' time.
type request struct {
	ip, method, uri string
	status, bytes   int
	length          int
	took            time.Duration
	agent, key      string
	action          string // "Controller#action", if Rails writes a record
	proxied         bool   // answered by another than nginx, without a record
	format          string // of the answer, as Rails names it
	says            string // what Rails' line has more, before key=
}

// serve writes the request's lines and returns when Rails had answered.
func (w *world) serve(r request) time.Time {
	r.took = max(r.took/2+w.upTo(r.took+ms), ms)
	done := w.now.Add(r.took)
	upstream := ""
	if r.proxied || r.action != "" {
		upstream = seconds(r.took)
	}
	if r.action != "" {
		w.railsLine(done, r)
		done = done.Add(ms + w.upTo(ms))
	}
	if r.length == 0 {
		r.length = 240 + len(r.uri) + len(r.agent) + w.rng.IntN(300)
	}
	w.nginxLine(done, r, r.method+" "+r.uri+" "+protocol(r), upstream)
	return done
}

func protocol(r request) string {
	if strings.HasPrefix(r.agent, "Mozilla/5.0 (X11") {
		return "HTTP/2.0"
	}
	return "HTTP/1.1"
}

// nginxLine writes JSON, as a log_format that has the key id and the request whole.
func (w *world) nginxLine(done time.Time, r request, line, upstream string) {
	w.nginx.add(done, `{"time":"%s","msec":%d.%03d,"remote_addr":"%s","request":"%s","status":%d,"bytes":%d,`+
		`"request_length":%d,"request_time":%s,"upstream_response_time":"%s","user_agent":"%s","key_id":"%s"}`,
		done.Format("2006-01-02T15:04:05-07:00"), done.Unix(), done.UnixMilli()%1000, r.ip, line, r.status,
		r.bytes, r.length, seconds(r.took), upstream, r.agent, r.key)
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%03d", d/time.Second, d%time.Second/ms)
}

// elapsed writes a time as Ruby does, without the zeros at its end.
func elapsed(d time.Duration) string {
	s := strings.TrimRight(seconds(d), "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	return s
}

// railsLine writes as lograge does with Mastodon's tags and fields.
func (w *world) railsLine(done time.Time, r request) {
	controller, action, _ := strings.Cut(r.action, "#")
	path, _, _ := strings.Cut(r.uri, "?")
	us := r.took.Microseconds()
	text := fmt.Sprintf("method=%s path=%s format=%s controller=%s action=%s status=%d allocations=%d duration=%d.%02d view=%d.00 db=%d.%02d%s",
		r.method, path, cmp.Or(r.format, "*/*"), controller, action, r.status, 900+w.rng.IntN(4000),
		us/1000, us%1000/10, us/9000, us/4000, us%100, r.says)
	if r.key != "" {
		text += " key=" + r.key
	}
	w.railsSays(done, w.uuid(), text)
}

// railsSays writes a line of the request id, by that of Puma's processes which has the request.
func (w *world) railsSays(at time.Time, id, text string) {
	w.rails.add(at, "I, [%s #%d]  INFO -- : [%s] %s", at.Format("2006-01-02T15:04:05.000000"), 1201+17*int(id[0]%2), id, text)
}

func (w *world) uuid() string {
	return w.hex(8) + "-" + w.hex(4) + "-4" + w.hex(3) + "-a" + w.hex(3) + "-" + w.hex(12)
}
