package sinks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/fedwarden/fedwarden/pipeline"
)

// AppendJSON appends a to b as the public contract has it: one line, its newline included, all fields
// present, unknown null, empty []. Nothing is escaped but what JSON demands.
func AppendJSON(b []byte, a *pipeline.Alert) []byte {
	return appendLine(b, whole(a))
}

// appendLine appends v to b as a line of JSON.
func appendLine(b []byte, v any) []byte {
	w := bytes.NewBuffer(b)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("BUG: an alert that JSON can't hold: %v", err))
	}
	return w.Bytes()
}

// whole returns a copy of a that JSON can hold and in which no list is absent.
func whole(a *pipeline.Alert) *pipeline.Alert {
	c := *a
	c.Related.Domains = orEmpty(c.Related.Domains)
	c.Related.Actors = orEmpty(c.Related.Actors)
	c.Related.IPs = orEmpty(c.Related.IPs)
	c.Context = orEmpty(c.Context)
	c.Evidence.Samples = orEmpty(c.Evidence.Samples)
	c.Suggestions = orEmpty(c.Suggestions)
	c.Measure.Value = finite(c.Measure.Value)
	c.Measure.Threshold = finite(c.Measure.Threshold)
	c.Measure.Expected = finiteOrNil(c.Measure.Expected)
	c.Measure.Surprise = finiteOrNil(c.Measure.Surprise)
	return &c
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// finite returns v, or the nearest number that JSON has.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return max(min(v, math.MaxFloat64), -math.MaxFloat64)
}

func finiteOrNil(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) {
		return nil
	}
	f := finite(*v)
	return &f
}
