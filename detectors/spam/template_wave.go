package spam

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/window"
)

// TemplateWaveSpec documents template_wave.
var TemplateWaveSpec = pipeline.Spec{
	Name: "template_wave", Title: "One text from many new servers", Threat: pipeline.ThreatMaliciousInstance, Space: pipeline.SpaceInstance, Quiet: 1800,
	Kinds:      []pipeline.Kind{pipeline.KindSignal},
	Sees:       "Deliveries of a post's size by servers first seen within three days, by template: the software, and the request's length without the sender's name, in steps of 128 bytes. Needs the request's length in nginx' log (the JSON format of `fedwarden snippet`).",
	Matters:    "One text from domains that are used for a while and thrown away is a campaign; each domain by itself sends little.",
	Lookalikes: "A release of a software whose servers all greet alike: they are known ones.",
	Do: []string{
		"Look at what the servers named here sent: it will be one text.",
		"Block the servers; hold back posts with the link or the picture that they share.",
	},
	Defaults: "at least 10 new servers in 10 m or 25 in 1 h by one template, each with at least two deliveries within the hour, surprising by the template's own past (1 in 10^10) and at least twice what is expected; high; silent in the first 24 h",
	Suggest: []pipeline.Suggestion{
		{Kind: "mastodon.domain_review", Undo: "nothing to undo", Text: "Compare the newest posts of the servers named here."},
		{Kind: "mastodon.domain_block", Destructive: true, Undo: "delete the domain blocks; follows are not restored", Text: "Block the servers that sent the text."},
	},
}

var templateFloors = []window.Floor{{Scale: window.S10m, Count: 10}, {Scale: window.S1h, Count: 25}}

const (
	maxTemplates  = 64
	templateBytes = 64

	known = 72 * time.Hour // for which a template that comes is known not to have been there
)

// TemplateWave reports a template that many new servers use at once.
type TemplateWave struct {
	began pipeline.Time // since when a template that is not here is known not to have been used
	heard pipeline.Time // up to when the templates know that
	used  *roll         // of "template site"
	list  []template
}

// A template is what deliveries of one text have in common, and how many servers use it.
type template struct {
	name  string
	sites *window.Series
}

// NewTemplateWave returns a TemplateWave that has heard nothing.
func NewTemplateWave() *TemplateWave { return &TemplateWave{used: newRoll()} }

// Observe counts the sites that the site space tells of.
func (d *TemplateWave) Observe(e *pipeline.Event, r pipeline.Report) {
	if e.Kind != pipeline.KindSignal {
		return
	}
	d.pass(e.Time)
	if e.Signal.Name != window.SiteTemplate || !d.used.call(e.Signal.Key, e.Time) {
		return
	}
	name, _, _ := strings.Cut(e.Signal.Key, " ")
	t := d.named(name[:min(len(name), templateBytes)], e.Time)
	t.sites.Add(e.Time, 1)
	if x, ok := t.sites.Over(e.Time); ok && rises(t.sites, x, e.Time) && t.sites.Once(e.Time) {
		d.report(t, x, e.Time, r)
	}
}

// pass lets the templates know, once a minute, that time passes.
func (d *TemplateWave) pass(now pipeline.Time) {
	if d.began == 0 {
		d.began = now
	}
	if now.Sub(d.heard) < time.Minute {
		return
	}
	d.heard = now
	for i := range d.list {
		d.list[i].sites.Add(now, 0)
	}
}

// fresh returns a template that was not used in the last days.
func (d *TemplateWave) fresh(name string, now pipeline.Time) template {
	t := template{strings.Clone(name), window.NewSeries(templateFloors).OneOfMany()}
	for at := max(d.began, now.Add(-known)); at < now; at = at.Add(time.Hour) {
		t.sites.Add(at, 0)
	}
	return t
}

// named returns the template of that name, in the place of the least used one if there is no other room.
func (d *TemplateWave) named(name string, now pipeline.Time) *template {
	least := 0
	for i := range d.list {
		switch {
		case d.list[i].name == name:
			return &d.list[i]
		case d.list[i].sites.Sum(window.S24h, now) < d.list[least].sites.Sum(window.S24h, now):
			least = i
		}
	}
	t := d.fresh(name, now)
	if len(d.list) < maxTemplates {
		d.list = append(d.list, t)
		return &d.list[len(d.list)-1]
	}
	d.list[least] = t
	return &d.list[least]
}

func (d *TemplateWave) report(t *template, x window.Excess, now pipeline.Time, r pipeline.Report) {
	f := t.sites.Finding(now, x, "sites")
	f.Key = pipeline.Entity{Type: pipeline.EntityTemplate, Value: t.name}
	f.Severity = pipeline.SeverityHigh
	f.Summary = "One text (%s) from many new servers: " + x.Text("of them")
	for _, use := range d.used.since(now.Add(-time.Hour), maxMembers) {
		if name, site, _ := strings.Cut(use, " "); name == t.name {
			f.Members = append(f.Members, pipeline.Entity{Type: pipeline.EntitySite, Value: site})
			f.Related.Domains = append(f.Related.Domains, site)
		}
	}
	f.Related.Domains = f.Related.Domains[:min(len(f.Related.Domains), maxRelated)]
	f.Related.Counts.Domains = uint64(x.Count)
	r.Find(f)
}

// Advance does nothing.
func (d *TemplateWave) Advance(pipeline.Time, pipeline.Report) {}

// Due returns never.
func (d *TemplateWave) Due(pipeline.Time) pipeline.Time { return 0 }

// Snapshot writes the templates and who used them.
func (d *TemplateWave) Snapshot(w io.Writer) error {
	err := errors.Join(binary.Write(w, binary.LittleEndian, [3]int64{int64(d.began), int64(d.heard), int64(len(d.list))}), d.used.write(w))
	for i := range d.list {
		name := make([]byte, templateBytes)
		copy(name, d.list[i].name)
		_, failed := w.Write(name)
		err = errors.Join(err, failed, d.list[i].sites.Snapshot(w))
	}
	return err
}

// Restore reads what Snapshot wrote.
func (d *TemplateWave) Restore(r io.Reader) error {
	*d = *NewTemplateWave()
	if err := d.read(r); err != nil {
		*d = *NewTemplateWave()
		return err
	}
	return nil
}

func (d *TemplateWave) read(r io.Reader) error {
	var head [3]int64
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return err
	}
	if head[2] < 0 || head[2] > maxTemplates {
		return errRoll
	}
	d.began, d.heard = pipeline.Time(head[0]), pipeline.Time(head[1])
	if err := d.used.read(r); err != nil {
		return err
	}
	for range head[2] {
		name := make([]byte, templateBytes)
		if _, err := io.ReadFull(r, name); err != nil {
			return err
		}
		t := template{strings.TrimRight(string(name), "\x00"), window.NewSeries(templateFloors).OneOfMany()}
		if err := t.sites.Restore(r); err != nil {
			return err
		}
		d.list = append(d.list, t)
	}
	d.list = slices.Clip(d.list)
	return nil
}
