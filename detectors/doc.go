// Package detectors is the registry: which detectors there are and in which order they run. Each detector
// is one file in the folder of its threat, with its documentation as data; adding one is that file, one
// row here and a few scenarios.
package detectors
