package main

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A decoder reads YAML into a struct and collects every mistake, each with its key path, line and a caret,
// instead of stopping at the first.
type decoder struct {
	file     string
	lines    []string
	at       map[string]place // where each key path stands
	problems []error
}

type place struct{ line, column int }

// No excerpt of the file shows a webhook's address or a secret: secretish matches what looks like one, and
// on a line that speaks of such things, values matches every value.
var (
	secretish = regexp.MustCompile(`[^\s"',\]}]*(://|whsec_|[A-Za-z0-9+/_-]{24})[^\s"',\]}]*`)
	delicate  = regexp.MustCompile(`(?i)url|secret|slack|hook|token|passw|sasl`)
	values    = regexp.MustCompile(`(:\s+|-\s+|\[\s*)[^\s{\[,][^,}\]]*`)
)

func excerpt(line string) string {
	if delicate.MatchString(line) {
		line = values.ReplaceAllString(line, "$1…")
	}
	return secretish.ReplaceAllString(line, "…")
}

// A Duration is written as in 5m or 1h30m.
type Duration time.Duration

// A Size is a number of bytes, written as in 64MB or 256MiB.
type Size int64

// decode reads src into v, a pointer to a struct.
func (d *decoder) decode(src []byte, v any) {
	d.lines = strings.Split(string(src), "\n")
	d.at = map[string]place{}
	tree, err := parser.ParseBytes(src, 0)
	if err != nil {
		d.problems = append(d.problems, fmt.Errorf("%s: %s", d.file, strings.TrimSpace(secretish.ReplaceAllString(yaml.FormatError(err, false, true), "…"))))
		return
	}
	for _, doc := range tree.Docs {
		if doc.Body != nil {
			d.value(doc.Body, reflect.ValueOf(v).Elem(), "")
		}
	}
}

// err returns all mistakes, nil if there are none.
func (d *decoder) err() error { return errors.Join(d.problems...) }

// problem notes a mistake at a key path, or at the nearest key above it that is there.
func (d *decoder) problem(path, message string) {
	at, ok := d.at[path]
	for p := path; !ok && p != ""; at, ok = d.at[p] {
		p = p[:max(strings.LastIndexAny(p, ".["), 0)]
	}
	if !ok {
		where := path
		if where == "" {
			where = d.file
		}
		d.problems = append(d.problems, fmt.Errorf("%s: %s", where, message))
		return
	}
	text := ""
	if at.line <= len(d.lines) {
		number := strconv.Itoa(at.line)
		text = fmt.Sprintf("\n  %s | %s\n  %s | %s^", number, excerpt(d.lines[at.line-1]),
			strings.Repeat(" ", len(number)), strings.Repeat(" ", max(at.column-1, 0)))
	}
	d.problems = append(d.problems, fmt.Errorf("%s:%d:%d: %s: %s%s", d.file, at.line, at.column, path, message, text))
}

func (d *decoder) mark(n ast.Node, path string) {
	if t := n.GetToken(); t != nil && t.Position != nil {
		d.at[path] = place{t.Position.Line, t.Position.Column}
	}
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	if _, ok := n.(*ast.NullNode); ok {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.mapping(n, path, func(key string, value ast.Node, at string) { d.field(key, value, v, at) })
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		d.mapping(n, path, func(key string, value ast.Node, at string) {
			item := reflect.New(v.Type().Elem()).Elem()
			d.value(value, item, at)
			v.SetMapIndex(reflect.ValueOf(key), item)
		})
	case reflect.Slice:
		d.sequence(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// mapping calls use for every key of n.
func (d *decoder) mapping(n ast.Node, path string, use func(key string, value ast.Node, at string)) {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.problem(path, "must be a mapping of keys to values")
		return
	}
	seen := map[string]bool{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		d.mark(it.Key(), at)
		if seen[key] {
			d.problem(at, "is there twice")
		}
		seen[key] = true
		use(key, it.Value(), at)
	}
}

func (d *decoder) field(key string, value ast.Node, v reflect.Value, at string) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			if _, nested := value.(ast.MapNode); !nested {
				d.mark(value, at)
			}
			d.value(value, v.Field(i), at)
			return
		}
	}
	d.problem(at, "unknown key"+suggestKey(key, v.Type()))
}

// std returns d as a time.Duration.
func (d Duration) std() time.Duration { return time.Duration(d) }

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.problem(path, "must be a list")
		return
	}
	for i, item := range seq.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.mark(item, at)
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(item, e, at)
		v.Set(reflect.Append(v, e))
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.LiteralNode:
	default:
		d.problem(path, "must be one value")
		return
	}
	text := n.GetToken().Value
	if l, ok := n.(*ast.LiteralNode); ok {
		text = strings.TrimSpace(l.Value.Value)
	}
	switch v.Interface().(type) {
	case Duration:
		t, err := time.ParseDuration(text)
		if err != nil {
			d.problem(path, "must be a duration, as in 5m or 1h30m")
		}
		v.SetInt(int64(t))
	case Size:
		size, err := parseSize(text)
		if err != nil {
			d.problem(path, err.Error())
		}
		v.SetInt(int64(size))
	case bool:
		yes, ok := n.(*ast.BoolNode)
		if !ok {
			d.problem(path, "must be true or false")
			return
		}
		v.SetBool(yes.Value)
	default:
		v.SetString(text)
	}
}

func parseSize(s string) (Size, error) {
	units := []struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"kB", 1e3}, {"B", 1}, {"", 1}}
	for _, u := range units {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || n < 0 || n*u.size > 1<<50 {
			break
		}
		return Size(n * u.size), nil
	}
	return 0, errors.New("must be a size, as in 64MB or 256MiB")
}

// suggestKey returns ", did you mean …?" with the nearest key that there is.
func suggestKey(key string, t reflect.Type) string {
	best, least := "", 4
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		if n := distance(key, name); n < least {
			best, least = name, n
		}
	}
	if best == "" {
		return ""
	}
	return ", did you mean " + best + "?"
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
