package window

import "github.com/fedwarden/fedwarden/pipeline"

// A NoteName names what detectors remember of a key beside its counts.
type NoteName uint8

// The notes. What one detector writes another may read.
const (
	SoftwareNote NoteName = iota // software_change, of a domain
	NetworkNote                  // signing_change, of a domain
	BurstNote                    // new_actor_burst, of a site
	RefusedNote                  // blocked_domain_active, of an address
	numNotes
)

var noteWords = [numNotes]uint32{SoftwareNote: 4, NetworkNote: 4, BurstNote: 1, RefusedNote: 3}

// NoteWhen is the word of a note that holds the second of what it was last about.
const NoteWhen = 0

// A Note is a claim on some words in every record of a table. They are zero when a key gets its place, gone when it
// loses it, and part of the Space's snapshot.
type Note struct {
	space *Space
	table Table
	name  NoteName
	at    uint32
}

// Note claims the words of that name for the table's keys. Equal claims share them.
func (s *Space) Note(t Table, n NoteName) *Note {
	for _, note := range s.notes {
		if note.table == t && note.name == n {
			return note
		}
	}
	note := &Note{space: s, table: t, name: n, at: s.grow(t, noteWords[n])}
	s.notes = append(s.notes, note)
	return note
}

// Words returns the words of a key, to read and to write while its event is observed; nil for slot 0.
func (n *Note) Words(slot int32) []uint32 {
	if slot == 0 {
		return nil
	}
	end := n.at + noteWords[n.name]
	return n.space.tables[n.table].record(slot)[n.at:end:end]
}

// Recent reports whether the note was about something in the 24 hours before now.
func (n *Note) Recent(slot int32, now pipeline.Time) bool {
	w := n.Words(slot)
	return w != nil && WithinDay(w[NoteWhen], now)
}

// WithinDay reports whether second, of which zero is never, lies in the 24 hours before now.
func WithinDay(second uint32, now pipeline.Time) bool {
	return second != 0 && uint32(now/pipeline.Second)-second < dayInSeconds
}
