package enginetest

import (
	"reflect"
	"unsafe"

	"github.com/fedwarden/fedwarden/pipeline"
)

// isolate moves all strings of b's events into memory of their own, which it returns.
func isolate(b *pipeline.Batch) [][]byte {
	var arena [][]byte
	for i := range b.Events {
		eachString(reflect.ValueOf(&b.Events[i]).Elem(), func(v reflect.Value) {
			if v.Len() == 0 {
				return
			}
			copied := []byte(v.String())
			arena = append(arena, copied)
			v.SetString(unsafe.String(&copied[0], len(copied)))
		})
	}
	return arena
}

// spoil overwrites what a source would use again: whoever kept a string or an event sees rubbish.
func spoil(b *pipeline.Batch, arena [][]byte) {
	for _, s := range arena {
		for i := range s {
			s[i] = '#'
		}
	}
	for i := range b.Events {
		b.Events[i] = pipeline.Event{Time: -1, Status: 999, Domain: "#kept", Site: "#kept"}
	}
}

// eachString visits all strings in v that can be set.
func eachString(v reflect.Value, visit func(reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			visit(v)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			eachString(v.Field(i), visit)
		}
	}
}

// random is splitmix64: a schedule is a seed, on every machine.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	x := uint64(*r)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *random) below(n int) int { return int(r.next() % uint64(n)) }
