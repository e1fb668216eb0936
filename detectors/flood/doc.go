// Package flood holds the detectors of federated denial of service (threat dos), one file each.
package flood
