package simulate

import "time"

// Scenarios returns the names of all scenarios, as they are listed.
func Scenarios() []string {
	var names []string
	for i := range registry {
		names = append(names, registry[i].name)
	}
	return names
}

// Lasts returns how long a scenario lasts, and whether there is one of that name.
func Lasts(name string, i Intensity) (time.Duration, bool) {
	sc := scenarioNamed(name)
	if sc == nil {
		return 0, false
	}
	return sc.last[i], true
}

// ParseIntensity returns the intensity of that name, and whether there is one.
func ParseIntensity(name string) (Intensity, bool) {
	for i, n := range intensityNames {
		if n == name {
			return Intensity(i), true
		}
	}
	return 0, false
}
