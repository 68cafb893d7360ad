// Command bench measures cvp as its users meet it: a private Postgres, the built server as a process of its own,
// SQL through the wire. Each subcommand prints one JSON line per figure; docs/benchmarks.md keeps them.
package main
