// Package ops is what operators see of a server, over HTTP on a listener of its own: metrics for Prometheus, whether
// the process lives, whether it can serve clients, and profiles.
package ops
