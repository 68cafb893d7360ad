package postgres

import "syscall"

// dieWithParent has the kernel ask for a fast shutdown when we die without stopping the server.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }
