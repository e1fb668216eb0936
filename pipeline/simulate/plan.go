package simulate

import "time"

// An Intensity is how plain an attack is.
type Intensity uint8

// The intensities.
const (
	Obvious Intensity = iota
	Moderate
	Stealthy
)

var intensityNames = [...]string{"obvious", "moderate", "stealthy"}

// String returns the intensity's name.
func (i Intensity) String() string { return intensityNames[i] }

// A Planned is a scenario at its time.
type Planned struct {
	At        time.Time
	Scenario  string
	Intensity Intensity
}

// A Plan is what happens besides the background.
type Plan []Planned
