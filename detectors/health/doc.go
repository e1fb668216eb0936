// Package health holds the detectors that tell whether fedwarden and its inputs are well (threat health),
// one file each. They know streams, which are few, and keep that knowledge themselves.
package health
