package pipeline

// A Recogniser is a Detector that knows one benign explanation: our own outage and what follows it, a relay, a
// post that everybody reads. It watches events as detectors do, and is asked about each finding before it
// becomes part of an alert. It annotates and downgrades, and never drops: what is explained stays in the history
// and in the digest.
type Recogniser interface {
	Detector
	// Explain adds its Context to f if it accounts for it, and may lower f's severity, to low at the least. It
	// changes nothing else of f, and nothing that the Recogniser knows.
	Explain(f *Finding)
}
