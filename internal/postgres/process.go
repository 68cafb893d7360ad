package postgres

import (
	"context"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopLimit bounds a fast shutdown before the processes are killed.
const stopLimit = 20 * time.Second

// process is a started postmaster and its end.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has been waited for
}

// startProcess starts cmd from a thread that lives as long as the child: Linux sends the parent death signal
// when the thread that forked ends, not the process.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in the server's log
		close(p.done)
	}()
	return p, <-started
}

// stop asks for a fast shutdown and waits; when ctx ends first it kills.
func (p *process) stop(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		<-p.done // it ended by itself in between
		return nil
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		<-p.done
		return ctx.Err()
	}
}
