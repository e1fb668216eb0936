// Package takeover holds the detectors of account takeover, of local accounts and of remote actors and
// instances (threat takeover), one file each.
package takeover
