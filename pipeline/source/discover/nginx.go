package discover

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// configs are the places of nginx's configuration; the first that is there counts. Its includes are relative to its
// directory.
var configs = []string{"/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/usr/local/etc/nginx/nginx.conf"}

// prefixes are what relative paths of logs may be relative to: Debian's, nginx's own packages', what is built by hand.
var prefixes = []string{"/usr/share/nginx", "/etc/nginx", "/usr/local/nginx"}

// nginxLog is where nginx logs that has no access_log at all.
const nginxLog = "/var/log/nginx/access.log"

// maxFiles bounds the files of a configuration, and those that a pattern finds.
const maxFiles = 1000

// A webserver is nginx's configuration as it is read.
type webserver struct {
	found   *Found
	tree    tree
	dir     string // of nginx.conf
	files   int    // that were read
	left    int    // directives that may still come
	formats map[string]logFormat
	logs    []accessLog
}

// A logFormat is what log_format says.
type logFormat struct {
	text   string // its pieces joined
	escape string // json, none or nothing
}

// An accessLog is one file that nginx writes.
type accessLog struct {
	path    string
	format  string // its name
	options []string
	servers []string
}

// nginx finds nginx's logs.
func (f *finder) nginx() {
	for _, name := range configs {
		if !f.tree.exists(name) {
			continue
		}
		w := &webserver{found: f.found, tree: f.tree, dir: path.Dir(name), left: maxDirectives, formats: map[string]logFormat{}}
		root := w.load(name, 0)
		w.findFormats(root)
		w.main(root)
		f.nginxFiles(w)
		if root != nil {
			return
		}
		break
	}
	f.usualNginx()
}

// usualNginx looks where nginx's logs usually are.
func (f *finder) usualNginx() {
	names, err := f.tree.glob("/var/log/nginx/*access*.log")
	if err != nil {
		f.found.problem(f.tree.below("/var/log/nginx"), reason(err), f.tree.mend("/var/log/nginx"))
	}
	for _, name := range names[:min(len(names), maxFiles)] {
		f.file(name, File{}, true)
	}
}

// load reads a file of the configuration and puts what it includes in its place. What can't be read is told.
func (w *webserver) load(name string, depth int) []directive {
	if w.files++; w.files > maxFiles || depth > maxDepth {
		return nil
	}
	text, err := w.tree.read(name, maxConfig)
	if err != nil {
		w.found.problem(w.tree.below(name), reason(err), w.tree.mend(name))
		return nil
	}
	list, err := scan(text, w.left)
	if err != nil {
		w.found.problem(w.tree.below(name), err.Error(), "nginx -t")
		return nil
	}
	return w.expand(list, depth)
}

// expand replaces includes by what they name.
func (w *webserver) expand(list []directive, depth int) []directive {
	var all []directive
	for _, d := range list {
		w.left--
		if d.name() == "include" && len(d.words) == 2 {
			all = append(all, w.include(d.words[1], depth)...)
			continue
		}
		d.children = w.expand(d.children, depth)
		all = append(all, d)
	}
	return all
}

func (w *webserver) include(pattern string, depth int) []directive {
	if !path.IsAbs(pattern) {
		pattern = path.Join(w.dir, pattern)
	}
	names, err := w.tree.glob(pattern)
	if err != nil {
		w.found.problem(w.tree.below(pattern), reason(err), w.tree.mend(path.Dir(pattern)))
	}
	var all []directive
	for _, name := range names {
		if info, err := w.tree.stat(name); hasMeta(pattern) && (err != nil && errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir()) {
			continue // a link to a site that is gone
		}
		all = append(all, w.load(name, depth+1)...)
	}
	return all
}

// findFormats collects every log_format: nginx allows them in http alone, and knows them by name.
func (w *webserver) findFormats(list []directive) {
	for _, d := range list {
		if d.name() == "log_format" && len(d.words) > 2 {
			pieces, f := d.words[2:], logFormat{}
			if e, ok := strings.CutPrefix(pieces[0], "escape="); ok {
				f.escape, pieces = e, pieces[1:]
			}
			f.text = strings.Join(pieces, "")
			w.formats[d.words[1]] = f
		}
		if d.name() == "http" {
			w.findFormats(d.children)
		}
	}
}

// main looks for the block of HTTP. Where it has no access_log, nginx has one for the servers without.
func (w *webserver) main(list []directive) {
	for _, d := range list {
		if d.name() != "http" || !d.block {
			continue
		}
		names, some := heirs(d.children)
		if some && !w.owns("nginx", d.children) {
			w.logs = append(w.logs, accessLog{path: nginxLog, servers: names})
		}
		w.level(d.children, names)
	}
}

// heirs returns the names of the servers that have no access_log, and whether there is such a one.
func heirs(list []directive) (names []string, some bool) {
	servers := 0
	for _, d := range list {
		if d.name() != "server" || !d.block {
			continue
		}
		servers++
		if !slices.ContainsFunc(d.children, isAccessLog) {
			names, some = append(names, serverNames(d.children)...), true
		}
	}
	return names, some || servers == 0
}

func isAccessLog(d directive) bool { return d.name() == "access_log" && len(d.words) > 1 }

// owns reports whether a block has an access_log, and warns if that is off.
func (w *webserver) owns(who string, list []directive) (own bool) {
	for _, d := range list {
		if !isAccessLog(d) {
			continue
		}
		if own = true; d.words[1] == "off" {
			w.found.warn(who, "access_log off: its requests are not logged", "access_log "+nginxLog+";")
		}
	}
	return own
}

// level reads the access_log directives of a block and of those within it.
func (w *webserver) level(list []directive, servers []string) {
	var here []accessLog
	for _, d := range list {
		if !isAccessLog(d) {
			continue
		}
		if l, ok := w.access(d, servers); ok {
			here = append(here, l)
		}
	}
	w.add(here)
	for _, d := range list {
		if !d.block {
			continue
		}
		names := servers
		if d.name() == "server" {
			names = serverNames(d.children)
			w.owns(who(names), d.children)
		}
		w.level(d.children, names)
	}
}

// who names a server to a person.
func who(servers []string) string {
	if len(servers) == 0 {
		return "nginx"
	}
	return "nginx, server " + servers[0]
}

// serverNames returns what stands in server_name.
func serverNames(list []directive) (names []string) {
	for _, d := range list {
		if d.name() == "server_name" {
			names = append(names, d.words[1:]...)
		}
	}
	return names
}

// add takes the logs of one block: each request stands in all of them, so one is enough.
func (w *webserver) add(list []accessLog) {
	best := -1
	for i := range list {
		if best < 0 || w.worth(&list[i]) > w.worth(&list[best]) {
			best = i
		}
	}
	for i, l := range list {
		name := w.tree.below(l.path)
		switch {
		case i == best:
			w.merge(l)
		case l.path != list[best].path:
			w.found.warn(name, "has the same requests as "+w.tree.below(list[best].path)+", which tells more or as much: left out", "")
		case l.format != list[best].format:
			w.merge(l)
			w.found.warn(name, "has each request twice, as "+l.format+" and as "+list[best].format, "leave one of its access_log out")
		}
	}
}

// worth says how much a log tells: key ids, then anything of its own, then combined. One that picks its lines by if=
// is worth least.
func (w *webserver) worth(l *accessLog) int {
	n := 0
	if tellsKeys(w.formats[l.format].text) {
		n += 2
	}
	if w.formats[l.format].escape != "" {
		n++
	}
	if option(l.options, "if=") != "" {
		n -= 4
	}
	return n
}

// merge adds l; a file that several servers write is one log.
func (w *webserver) merge(l accessLog) {
	for i := range w.logs {
		if w.logs[i].path == l.path {
			w.logs[i].servers = append(w.logs[i].servers, l.servers...)
			if w.logs[i].format != l.format {
				w.logs[i].format = mixed
			}
			w.logs[i].options = append(w.logs[i].options, l.options...)
			return
		}
	}
	w.logs = append(w.logs, l)
}

// mixed is the format of a file that is written in several: each line is recognised from its content.
const mixed = ""

// option returns the value of an option, by its beginning with "=".
func option(options []string, name string) string {
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, name); ok {
			return v
		}
	}
	return ""
}
