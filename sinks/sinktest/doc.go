// Package sinktest plays the other side of the sinks: a Slack that refuses what Slack refuses, and a
// receiver of webhooks that verifies every signature with the library that Standard Webhooks publishes.
// Both are HTTP servers on a free port of the loopback interface, remember what they took, and can be
// told how to answer.
package sinktest
