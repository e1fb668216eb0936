// Package enginetest runs streams through an engine as a live run would, in any schedule, and compares
// what comes out. Its Laws are what every detector obeys: how the input is cut into batches, how streams
// interleave, redundant time claims, and snapshot and restore at any point change no alert.
//
// It is as pure as the engine: a schedule is a seed. A batch's strings live in memory that is overwritten
// once Process has returned, so that whoever kept one is found out.
package enginetest
