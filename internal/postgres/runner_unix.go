//go:build unix

package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// unprivilegedUsers may run the server where we are root, in this order.
var unprivilegedUsers = []string{"postgres", "nobody"}

// runner is who runs the server's processes. Its zero credential is ourselves.
type runner struct {
	name       string
	credential *syscall.Credential
}

// chooseRunner gives ourselves, or where we are root a system user without rights.
func chooseRunner() (*runner, error) {
	if os.Geteuid() != 0 {
		return &runner{}, nil
	}
	for _, name := range unprivilegedUsers {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return nil, fmt.Errorf("read user %s: %w", name, err)
		}
		return &runner{name: name, credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("postgres does not run as root, and there is no user of %q to run it as", unprivilegedUsers)
}

// own gives a directory of ours to the user.
func (r *runner) own(path string) error {
	if r.credential == nil {
		return nil
	}
	return os.Chown(path, int(r.credential.Uid), int(r.credential.Gid))
}

// ownFile does so with an open file: opening it again through /dev/fd checks its owner.
func (r *runner) ownFile(file *os.File) error {
	if r.credential == nil {
		return nil
	}
	return file.Chown(int(r.credential.Uid), int(r.credential.Gid))
}

// canReach checks that the user may pass through every directory above path. Opening a closed one, such as
// root's home, to the world is not ours to do.
func (r *runner) canReach(path string) error {
	if r.credential == nil {
		return nil
	}
	for parent := filepath.Dir(path); ; parent = filepath.Dir(parent) {
		status, err := os.Stat(parent)
		if err != nil {
			return fmt.Errorf("look at %s: %w", parent, err)
		}
		owner := status.Sys().(*syscall.Stat_t)
		mode := status.Mode().Perm()
		open := mode&0o001 != 0 ||
			owner.Uid == r.credential.Uid && mode&0o100 != 0 ||
			owner.Gid == r.credential.Gid && mode&0o010 != 0
		if !open {
			return fmt.Errorf("user %s, who runs postgres in place of root, may not enter %s: choose a directory elsewhere", r.name, parent)
		}
		if parent == filepath.Dir(parent) {
			return nil
		}
	}
}

// apply makes cmd run as the user, in a process group of its own so that Ctrl-C in a terminal reaches us
// alone and we decide when the server stops.
func (r *runner) apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.credential, Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// isAlive asks for a process without disturbing it; one of another user's counts too.
func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
