package window

import "github.com/fedwarden/fedwarden/pipeline"

// A Software is what an agent says of a server's software, in 28 bits: eight of its family's name, eight of its own,
// and its major version. Zero is unknown. Two names of 256 are alike: then a change is missed.
type Software uint32

const (
	majorBits = 12
	majorMask = 1<<majorBits - 1
	maxMajor  = majorMask - 1
)

// SoftwareMask has the bits of a Software; a note may keep what it likes in the others.
const SoftwareMask = 1<<28 - 1

// NoteOwn is the word of a SoftwareNote that holds the domain's own software.
const NoteOwn = NoteWhen + 1

// SoftwareIn returns the software that a domain was proven to deliver by; zero if none was.
func SoftwareIn(n *Note, slot int32) Software {
	if w := n.Words(slot); w != nil {
		return Software(w[NoteOwn] & SoftwareMask)
	}
	return 0
}

// families are the families of software, by public knowledge of who is a fork of whom: a server that goes from one of
// a family to another has kept its database, its keys and its people. Who is not here is a family of its own.
var families = map[string]string{
	"glitch": "mastodon", "glitch-soc": "mastodon", "hometown": "mastodon", "ecko": "mastodon", "fedibird": "mastodon",
	"kmyblue": "mastodon", "chuckya": "mastodon",
	"calckey": "misskey", "firefish": "misskey", "foundkey": "misskey", "sharkey": "misskey", "iceshrimp": "misskey",
	"cherrypick": "misskey", "catodon": "misskey", "magnetar": "misskey", "meisskey": "misskey", "dolphin": "misskey",
	"akkoma": "pleroma", "rebased": "pleroma",
	"mbin":    "kbin",
	"streams": "hubzilla", "forte": "hubzilla", "zap": "hubzilla", "osada": "hubzilla", "redmatrix": "hubzilla",
	"aoderelay": "relay", "activityrelay": "relay", "activity-relay": "relay", "buzzrelay": "relay",
}

// SoftwareOf returns what e's agent says; zero if it is no known one.
func SoftwareOf(e *pipeline.Event) Software {
	if e.Software == "" {
		return 0
	}
	family := families[e.Software]
	if family == "" {
		family = e.Software
	}
	return Software(nameByte(family)<<8|nameByte(e.Software))<<majorBits | Software(majorOf(e.Version))
}

// majorOf returns the first number of a version and one; zero if there is none.
func majorOf(version string) uint32 {
	n := uint32(0)
	for i := range len(version) {
		c := version[i] - '0'
		if c > 9 {
			if i == 0 {
				return 0
			}
			break
		}
		n = min(n*10+uint32(c), maxMajor)
	}
	if version == "" {
		return 0
	}
	return n + 1
}

// nameByte returns eight bits of a name, never zero.
func nameByte(name string) uint32 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return 1 + (h^h>>16)%255
}

// SameFamily reports whether a and b are of one family.
func (a Software) SameFamily(b Software) bool { return a>>(majorBits+8) == b>>(majorBits+8) }

// Below reports whether a is an older major version of b's software than b is.
func (a Software) Below(b Software) bool {
	return a>>majorBits == b>>majorBits && a&majorMask != 0 && a&majorMask < b&majorMask
}

// Replaces reports whether a is of another family than b, or another major version of b's software.
func (a Software) Replaces(b Software) bool {
	return a != 0 && (!a.SameFamily(b) || a.Below(b) || b.Below(a))
}
