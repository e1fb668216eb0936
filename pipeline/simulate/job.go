package simulate

import "time"

// A Job is one Sidekiq job.
type Job struct {
	Class string        // e.g. "ResolveAccountWorker"; one that is unknown runs in the queue default
	Delay time.Duration // until it is queued
	Cost  float64       // as a multiple of its class's usual time; zero is 1
	Takes time.Duration // how long it runs, instead
	Error string        // "Class: message" by which it fails, each time
	Inbox string        // URL that stands among its arguments
	Tries int           // after a failure, at most; zero is as its class has it, negative is none
}
