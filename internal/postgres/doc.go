// Package postgres runs a private Postgres cluster: the one behind `cvp demo`, and the one that tests use.
//
// Start finds the server's programs on the machine or fetches them, makes a data directory or reuses the one
// that is there, and keeps the postmaster as a child that does not outlive this process. Postgres refuses to
// run as root, so where we are root the child runs as an unprivileged system user that owns the directory.
package postgres
