// Package spam holds the detectors of malicious instances (threat malicious_instance), one file each.
package spam
