package identity

import "github.com/fedwarden/fedwarden/pipeline"

const (
	jidPanes  = 4       // of an hour: a job is known for three hours at least
	jidHashes = 5       // bits of a job, in one line of the cache
	jidLine   = 8       // words
	firstJids = 1 << 15 // words of a pane: 256 kB, for 130,000 jobs
	maxJids   = 1 << 17 // 1 MB
)

// jids tells whether a job started before, within three hours: a retry starts anew under its old id. Each hour has a Bloom
// filter, of 16 bits for each job that the hour before had. A filter's error takes a first start for a
// retry, one in five hundred when it is as full as it is made for: then job matching proves less. A look-up takes a line of the cache an hour.
type jids struct {
	hour  int64
	panes [jidPanes]jidPane // the open one first
}

type jidPane struct {
	words []uint64 // none before the first job
	jobs  uint32
}

// first reports whether the job of that hash starts for the first time.
func (j *jids) first(hash uint64, t pipeline.Time) bool {
	j.turn(int64(hourOf(t)))
	known := false
	for i := range j.panes {
		known = known || j.panes[i].has(hash)
	}
	p := &j.panes[0]
	if p.words == nil {
		p.words = make([]uint64, j.size())
	}
	p.put(hash)
	return !known
}

func (j *jids) turn(hour int64) {
	for n := min(hour-j.hour, jidPanes); n > 0; n-- {
		copy(j.panes[1:], j.panes[:jidPanes-1])
		j.panes[0] = jidPane{}
	}
	j.hour = max(j.hour, hour)
}

// size returns how many words a new pane has.
func (j *jids) size() int {
	words := firstJids
	for words < maxJids && words*4 < int(j.panes[1].jobs) {
		words *= 2
	}
	return words
}

func (p *jidPane) has(hash uint64) bool {
	if len(p.words) == 0 {
		return false
	}
	line := p.line(hash)
	for range jidHashes {
		if line[hash>>6&(jidLine-1)]>>(hash&63)&1 == 0 {
			return false
		}
		hash >>= 9
	}
	return true
}

func (p *jidPane) put(hash uint64) {
	p.jobs++
	line := p.line(hash)
	for range jidHashes {
		line[hash>>6&(jidLine-1)] |= 1 << (hash & 63)
		hash >>= 9
	}
}

// line returns the words that the job's bits lie in, by the bits of its hash that choose none of them.
func (p *jidPane) line(hash uint64) *[jidLine]uint64 {
	at := int(hash>>(9*jidHashes)) * jidLine & (len(p.words) - 1)
	return (*[jidLine]uint64)(p.words[at:])
}
