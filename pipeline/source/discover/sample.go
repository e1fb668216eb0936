package discover

import (
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/fedwarden/fedwarden/pipeline"
	"github.com/fedwarden/fedwarden/pipeline/parse"
)

// sampleBytes is how much of a log's end is looked at.
const sampleBytes = 256 << 10

// A Sample is what the end of a log tells of it.
type Sample struct {
	Size     int64
	Lines    int
	Events   int
	Rejected int
	Timeless int             // events without a time stamp
	Format   pipeline.Format // as recognised
	Newest   pipeline.Time   // the newest stamp; zero without any

	written   time.Time          // when the file was last changed
	keys      bool               // a line had a key's id
	addresses map[netip.Addr]int // of requests
	requests  int
}

// MarshalJSON writes what matters to others.
func (s Sample) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Format   string         `json:"format"`
		Lines    int            `json:"lines"`
		Events   int            `json:"events"`
		Rejected int            `json:"rejected"`
		Newest   pipeline.Stamp `json:"newest"`
	}{s.Format.String(), s.Lines, s.Events, s.Rejected, pipeline.Stamp{Time: s.Newest, Digits: 3}})
}

// unstamped is the time of a line that has none.
const unstamped pipeline.Time = 1

// sample reads the end of a log.
func sample(f *os.File, o parse.Options) (Sample, error) {
	s := Sample{addresses: map[netip.Addr]int{}}
	info, err := f.Stat()
	if err != nil {
		return s, err
	}
	s.Size, s.written = info.Size(), info.ModTime()
	from := max(0, s.Size-sampleBytes)
	text, err := io.ReadAll(io.NewSectionReader(f, from, min(s.Size, sampleBytes)))
	if err != nil {
		return s, err
	}
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n")) // half a line
	}
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 && from+int64(len(text)) > 0 {
		text = text[:end+1] // and one that is being written
	}
	return s, s.lines(text, o)
}

func (s *Sample) lines(text []byte, o parse.Options) error {
	p, err := parse.New(o)
	if err != nil {
		return err
	}
	var envelope parse.Opener
	for line := range bytes.Lines(text) {
		s.Lines++
		for _, r := range envelope.Open(string(bytes.TrimRight(line, "\r\n"))) {
			s.record(p, r)
		}
		p.Reset()
	}
	s.Format = p.Format()
	return nil
}

func (s *Sample) record(p *parse.Parser, r parse.Record) {
	if r.Text == "" {
		return
	}
	var e pipeline.Event
	skip, err := p.Parse(r.Text, parse.Env{Time: r.Time, Read: unstamped, Cut: r.Cut}, &e)
	switch {
	case err != nil:
		s.Rejected++
	case skip == "":
		s.Events++
		if e.Time == unstamped {
			s.Timeless++
		} else {
			s.Newest = max(s.Newest, e.Time)
		}
		if e.Kind == pipeline.KindRequest && e.IP.IsValid() {
			s.requests++
			s.keys = s.keys || e.KeyID != ""
			s.addresses[e.IP]++
		}
	}
}

// Where a sample makes one suspicious.
const (
	fewRequests = 20  // below which nothing is said of addresses
	most        = 0.8 // a share
	fifth       = 0.2
	staleAfter  = 24 * time.Hour
)

// warn says what is strange about a log by its sample.
func (f *finder) warnSample(name string, s *Sample) {
	switch {
	case s.Lines == 0:
		f.found.warn(name, "is empty", "")
	case s.Timeless > s.Events/2:
		mend := "let the journal or Docker keep it, which add the time"
		if s.Format == pipeline.FormatNginx {
			mend = "fedwarden snippet nginx-logformat"
		}
		f.found.warn(name, "bears no time stamps: a line has the time at which it is read, so that history in it teaches nothing", mend)
	case float64(s.Rejected) > fifth*float64(s.Lines):
		f.found.warn(name, count(s.Rejected, s.Lines)+" lines can't be read", "fedwarden explain "+name)
	case s.Newest != 0 && f.now.Sub(s.Newest) > staleAfter:
		f.found.warn(name, "has no line since "+s.Newest.Floor().String()+": is it still written?", "")
	}
	f.warnAddresses(name, s)
}

// warnAddresses says that a proxy's address stands where the client's should.
func (f *finder) warnAddresses(name string, s *Sample) {
	if s.requests < fewRequests {
		return
	}
	inside, top, often := 0, netip.Addr{}, 0
	for a, n := range s.addresses {
		if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
			inside += n
		}
		if n > often || n == often && a.Less(top) {
			top, often = a, n
		}
	}
	text := ""
	switch limit := most * float64(s.requests); {
	case float64(often) > limit:
		text = count(often, s.requests) + " requests come from " + top.String()
	case float64(inside) > limit:
		text = count(inside, s.requests) + " requests come from private addresses"
	default:
		return
	}
	f.found.warn(name, text+": a proxy seems to stand before nginx, and would be accused of what others do",
		"in nginx set_real_ip_from "+top.String()+"; and real_ip_header X-Forwarded-For; (CF-Connecting-IP behind Cloudflare), "+
			"or here trusted_proxies: ["+top.String()+"], with $http_x_forwarded_for in the log_format")
}
