package identity

import "github.com/fedwarden/fedwarden/pipeline"

const (
	jidPanes  = 4 // of an hour: a job is known for three hours at least
	jidHashes = 4
	firstJids = 1 << 15 // words of a pane: 256 kB, for 130,000 jobs
	maxJids   = 1 << 17 // 1 MB
)

// jids tells whether a job started before, within three hours: a retry starts anew under its old id. Each hour has a Bloom
// filter, of 16 bits for each job that the hour before had. A filter's error takes a first start for a
// retry, one in five hundred when it is as full as it is made for: then job matching proves less.
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
	for i := range jidHashes {
		if len(p.words) == 0 || p.words[p.at(hash, i)]&bit(hash, i) == 0 {
			return false
		}
	}
	return true
}

func (p *jidPane) put(hash uint64) {
	p.jobs++
	for i := range jidHashes {
		p.words[p.at(hash, i)] |= bit(hash, i)
	}
}

// at and bit take 16 bits of the hash for each place: the word, of which larger panes take more bits, and the bit in it.
func (p *jidPane) at(hash uint64, i int) int { return int(spread(hash, i)>>6) & (len(p.words) - 1) }

func bit(hash uint64, i int) uint64 { return 1 << (spread(hash, i) & 63) }

// spread returns the i-th of several hashes made of one.
func spread(hash uint64, i int) uint64 {
	return hash + uint64(i)*(hash>>32|hash<<32|1)
}
