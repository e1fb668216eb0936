package main

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// A journal is a log; its lines are written in any order and kept by time.
type journal struct{ lines []entry }

type entry struct {
	at   time.Time
	text string
}

func (j *journal) add(at time.Time, format string, args ...any) {
	j.lines = append(j.lines, entry{at, fmt.Sprintf(format, args...)})
}

func (j *journal) bytes() []byte {
	slices.SortStableFunc(j.lines, func(a, b entry) int { return a.at.Compare(b.at) })
	var b bytes.Buffer
	for _, l := range j.lines {
		b.WriteString(l.text + "\n")
	}
	return b.Bytes()
}
