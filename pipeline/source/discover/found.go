package discover

import (
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
)

// A Found is what there is to read on a machine, and what stands in the way.
type Found struct {
	Files      []File      `json:"files"`
	Units      []Unit      `json:"units"`      // whose entries the journal holds
	Journal    string      `json:"journal"`    // the journal's directory, where it is not this machine's own
	Containers []Container `json:"containers"` // whose log is a file that can be read
	Docker     string      `json:"docker"`     // the directory of the containers
	Problems   []Problem   `json:"problems"`
	Warnings   []Warning   `json:"warnings"`
}

// Readable reports whether there is anything to read.
func (f *Found) Readable() bool { return len(f.Files)+len(f.Units)+len(f.Containers) > 0 }

// LacksKeys reports whether a log of nginx says nothing of signatures.
func (f *Found) LacksKeys() bool {
	return slices.ContainsFunc(f.Files, func(x File) bool {
		return x.Format == pipeline.FormatNginx && !x.Sample.keys && !tellsKeys(x.LogFormat)
	})
}

// tellsKeys reports whether a log_format has the key's id, or what holds it.
func tellsKeys(format string) bool {
	return strings.Contains(format, "key_id") || strings.Contains(format, "http_signature")
}

// HasRails reports whether Rails is among what was found.
func (f *Found) HasRails() bool {
	return slices.ContainsFunc(f.Files, func(x File) bool { return x.Format == pipeline.FormatRails }) ||
		slices.ContainsFunc(f.Units, func(u Unit) bool { return strings.HasPrefix(u.Name, "mastodon-web") }) ||
		slices.ContainsFunc(f.Containers, func(c Container) bool { return c.Service == "web" })
}

// A File is a log that is a file.
type File struct {
	Path      string          `json:"path"`
	Format    pipeline.Format `json:"-"`
	LogFormat string          `json:"log_format,omitempty"` // nginx' own, where it is neither combined nor unreadable
	Lateness  time.Duration   `json:"-"`                    // zero where nothing asks for more than usual
	Timezone  string          `json:"timezone,omitempty"`   // of stamps that name none, where it is not UTC
	Servers   []string        `json:"servers,omitempty"`    // the names of nginx' servers that write it
	Sample    Sample          `json:"sample"`
}

// A Unit is one of systemd that writes to the journal.
type Unit struct {
	Name   string        `json:"name"`
	Newest pipeline.Time `json:"-"`
}

// A Container is one of Docker.
type Container struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Project string `json:"project,omitempty"` // of compose
	Service string `json:"service"`
	Path    string `json:"path"` // of its log
	Sample  Sample `json:"sample"`
}

// A Problem is something that could not be read, or can't be followed.
type Problem struct {
	Subject string `json:"subject"`
	Reason  string `json:"reason"`
	Mend    string `json:"mend,omitempty"` // the command, or what to do, that mends it
}

// A Warning is about a log that can be read, and tells less than it should.
type Warning struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Mend    string `json:"mend,omitempty"`
}

func (f *Found) problem(subject, reason, mend string) {
	f.Problems = append(f.Problems, Problem{subject, reason, mend})
}

func (f *Found) warn(subject, text, mend string) {
	f.Warnings = append(f.Warnings, Warning{subject, text, mend})
}
