//go:build !unix

package postgres

import (
	"os"
	"os/exec"
)

// runner is who runs the server's processes: always ourselves here.
type runner struct{ name string }

func chooseRunner() (*runner, error)   { return &runner{}, nil }
func (*runner) own(string) error       { return nil }
func (*runner) ownFile(*os.File) error { return nil }
func (*runner) canReach(string) error  { return nil }
func (*runner) apply(*exec.Cmd)        {}

// isAlive has no answer here; a data directory in use cannot be removed anyway.
func isAlive(int) bool { return false }
