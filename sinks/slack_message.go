package sinks

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/fedwarden/fedwarden/pipeline"
)

// Bounds in characters. Slack refuses a message as a whole if one text is too long (header 150, section
// 3000, field 2000) or all together are (about 13,200); with these a message stays below 10,000.
const (
	slackHeadline  = 400
	slackHeader    = 140
	slackWho       = 400
	slackListed    = 120
	slackSample    = 600
	slackSamples   = 3
	slackAdvice    = 300
	slackUndo      = 120
	slackAdvices   = 4
	slackHandle    = 100
	slackMaxDomain = 253
)

// slackMessage is the whole message about a: a line that stands alone on a phone's lock screen, and
// below it, beside a bar of colour, what one needs to decide.
func slackMessage(a *pipeline.Alert) *slack.WebhookMessage {
	no := false
	m := slackView{style: slackStyle(own(a)), a: a}
	line := m.headline()
	return &slack.WebhookMessage{
		Text:        line,
		UnfurlLinks: &no,
		UnfurlMedia: &no,
		Attachments: []slack.Attachment{{
			Color:    slackColor(a),
			Fallback: line,
			Blocks:   slack.Blocks{BlockSet: m.blocks()},
		}},
	}
}

// slackColor never stands alone: the word is in the text.
func slackColor(a *pipeline.Alert) string {
	if a.Status == pipeline.StatusResolved {
		return "#1E8449"
	}
	switch a.Severity {
	case pipeline.SeverityCritical:
		return "#C0392B"
	case pipeline.SeverityHigh:
		return "#CA6F1E"
	case pipeline.SeverityMedium:
		return "#D4AC0D"
	}
	return "#2E86C1"
}

func slackSign(a *pipeline.Alert) string {
	if a.Status == pipeline.StatusResolved {
		return "✅"
	}
	switch a.Severity {
	case pipeline.SeverityCritical:
		return "🚨"
	case pipeline.SeverityHigh:
		return "🔴"
	case pipeline.SeverityMedium:
		return "🟠"
	}
	return "🔵"
}

// slackDate is a time that every reader sees in their own zone.
func slackDate(s pipeline.Stamp) string {
	if s.Time == 0 {
		return "unknown"
	}
	t := s.Time.Std()
	utc := t.Format("2006-01-02 15:04 UTC")
	if t.Unix() <= 0 { // a log may say so; Slack's token can't
		return utc
	}
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), utc)
}

// A slackView writes the parts of one alert's message.
type slackView struct {
	style
	a *pipeline.Alert
}

// headline says all in one line. It must not need its blocks: notifications show nothing else.
func (m slackView) headline() string {
	s := "[" + headword(m.a) + "] " + m.text(m.a.Summary, slackHeadline)
	if m.a.Status == pipeline.StatusResolved {
		return s + " (" + m.text(m.a.ID, 40) + ")"
	}
	if t := m.a.StartsAt.Time; t != 0 {
		s += ", since " + t.Std().Format("15:04 UTC")
	}
	return s + " (" + m.text(m.a.ID, 40) + ")"
}

func (m slackView) blocks() []slack.Block {
	if m.a.Status == pipeline.StatusResolved {
		return []slack.Block{m.over(), m.handles()}
	}
	blocks := []slack.Block{m.header(), slack.NewSectionBlock(nil, m.fields(), nil), m.evidence()}
	if len(m.a.Suggestions) > 0 {
		blocks = append(blocks, m.advice())
	}
	if buttons := m.buttons(); len(buttons) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", buttons...))
	}
	return append(blocks, m.handles())
}

// mrkdwn is a text object in which Slack makes no links of its own accord.
func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

// header names the kind of thing; whom it is about is in the fields.
func (m slackView) header() slack.Block {
	s := headword(m.a) + ": " + humanize(m.a.Detector) + " (" + threatWord(m.a.Threat) + ")"
	if o := own(m.a); o != "" {
		s += " on " + o
	}
	s = defanger{own: own(m.a), addresses: true}.text(clean(s, slackHeader))
	return slack.NewHeaderBlock(plain(slackSign(m.a) + " " + slackPlain(s, slackHeader)))
}

func (m slackView) fields() []*slack.TextBlockObject {
	var f fieldList
	f.add("Who", m.who(m.a.Entity, slackWho))
	f.add("Attribution", sure(m.a.Entity))
	f.add("How much", m.howMuch(m.a.Measure))
	f.add("Since", m.since(m.a))
	f.add("Spread", m.spread())
	if p := m.a.Proven; p != nil {
		f.add("Proven since", m.who(*p, slackWho)+"\n"+sure(*p))
	}
	f.add("Maybe benign", m.benign(m.a.Context))
	return f
}

// A fieldList is the fields of a section.
type fieldList []*slack.TextBlockObject

// add adds a field if there is something to say.
func (f *fieldList) add(label, value string) {
	if value != "" {
		*f = append(*f, mrkdwn("*"+label+"*\n"+value))
	}
}

// spread says how many others are involved, and names a few.
func (m slackView) spread() string {
	lines := append([]string{spread(m.a.Related.Counts)}, m.involved(m.a, 2, slackListed)...)
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// evidence shows sample lines in a block of code.
func (m slackView) evidence() slack.Block {
	e := m.a.Evidence
	if len(e.Samples) == 0 {
		return slack.NewSectionBlock(mrkdwn("*Evidence*: "+plural(e.Total, "event", "events")), nil, nil)
	}
	d := defanger{own: own(m.a)}
	var lines []string
	for _, s := range e.Samples[:min(len(e.Samples), slackSamples)] {
		line := s.Time.String() + " " + s.Line
		lines = append(lines, slackVerbatim(d.text(clean(line, slackSample)), slackSample))
	}
	head := fmt.Sprintf("*Evidence* (%d of %s)\n", len(lines), plural(e.Total, "event", "events"))
	return slack.NewSectionBlock(mrkdwn(head+"```"+strings.Join(lines, "\n")+"```"), nil, nil)
}

// advice lists what a person could do, mildest first.
func (m slackView) advice() slack.Block {
	list := m.a.Suggestions[:min(len(m.a.Suggestions), slackAdvices)]
	lines := []string{"*What you could do* (nothing has been done)"}
	for i, s := range list {
		line := strconv.Itoa(i+1) + ". " + m.withCode(s.Text, slackAdvice)
		if s.Destructive {
			line += " *Destructive.*"
		}
		if s.Undo != "" {
			line += " Undo: " + m.withCode(s.Undo, slackUndo)
		}
		lines = append(lines, line)
	}
	return slack.NewSectionBlock(mrkdwn(strings.Join(lines, "\n")), nil, nil)
}

// buttons lead to the own server's pages about a domain: only to a name that is proven, since nobody
// should block a server whose name somebody else used.
func (m slackView) buttons() []slack.BlockElement {
	domain := m.provenDomain()
	if domain == "" || !isLinkHost(own(m.a)) {
		return nil
	}
	base := "https://" + own(m.a) + "/admin/"
	return []slack.BlockElement{
		button("open_instance", "Review domain in Mastodon", base+"instances/"+url.PathEscape(domain)),
		button("open_block", "Open block form", base+"domain_blocks/new?_domain="+url.QueryEscape(domain)),
	}
}

// provenDomain returns the domain or site that did it, if that is at least corroborated.
func (m slackView) provenDomain() string {
	for _, e := range []*pipeline.AlertEntity{&m.a.Entity, m.a.Proven} {
		if e == nil || e.Attribution == nil || *e.Attribution < pipeline.Corroborated {
			continue
		}
		if (e.Type == pipeline.EntityDomain || e.Type == pipeline.EntitySite) && isLinkHost(e.Value) {
			return e.Value
		}
	}
	return ""
}

// isLinkHost reports whether s is a host that can go into a link as it is.
func isLinkHost(s string) bool {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
	}
	return s != "" && len(s) <= slackMaxDomain && !strings.ContainsFunc(s, bad) &&
		!strings.Contains(s, "..") && s[0] != '.' && s[len(s)-1] != '.'
}

func button(action, label, link string) slack.BlockElement {
	b := slack.NewButtonBlockElement(action, "", plain(label))
	b.URL = link
	return b
}

// over is the short message at the end of an episode.
func (m slackView) over() slack.Block {
	s := slackSign(m.a) + " *Resolved*: " + m.who(m.a.Entity, slackWho) + "\n" + m.lasted(m.a) +
		", " + plural(m.a.Evidence.Total, "event", "events")
	return slack.NewSectionBlock(mrkdwn(s), nil, nil)
}

// handles are what one needs to find the alert again.
func (m slackView) handles() slack.Block {
	elements := []slack.MixedElement{
		mrkdwn(m.name(m.a.ID, slackHandle)),
		mrkdwn("detector " + m.name(m.a.Detector, slackHandle)),
		mrkdwn("fingerprint " + m.name(m.a.Fingerprint, slackHandle)),
	}
	if c := m.a.Campaign; c != nil {
		elements = append(elements, mrkdwn("part of "+m.name(*c, slackHandle)))
	}
	return slack.NewContextBlock("", elements...)
}
