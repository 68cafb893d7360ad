//go:build unix && !linux

package postgres

import "syscall"

// dieWithParent has no counterpart here: the server is stopped by Stop or the end of the context.
func dieWithParent(*syscall.SysProcAttr) {}
