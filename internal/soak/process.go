package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a cvp server that runs as a process of its own, or one for each way to listen.
type process struct {
	front   front
	all     []*exec.Cmd
	metrics []string // where each shows them
}

// startProcess starts the built program in front of a backend. Its log goes to standard error.
func startProcess(ctx context.Context, program, dir, backend string) (*process, error) {
	certificate, key, err := writeCertificate(dir)
	if err != nil {
		return nil, err
	}
	p := &process{front: front{unix: filepath.Join(dir, ".s.PGSQL.6432")}}
	if p.front.tcp, err = freeAddress(); err != nil {
		return nil, err
	}
	for _, listen := range []string{p.front.tcp, p.front.unix} {
		metrics, err := freeAddress()
		if err != nil {
			p.stop()
			return nil, err
		}
		p.metrics = append(p.metrics, metrics)
		cmd := exec.CommandContext(ctx, program, "serve", "--listen", listen, "--backend", backend,
			"--tls-cert", certificate, "--tls-key", key, "--log-level", "error",
			"--metrics-listen", metrics)
		cmd.Stderr = os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		if err := cmd.Start(); err != nil {
			p.stop()
			return nil, fmt.Errorf("start %s: %w", program, err)
		}
		p.all = append(p.all, cmd)
	}
	for network, address := range map[string]string{"tcp": p.front.tcp, "unix": p.front.unix} {
		if err := awaitListener(ctx, network, address); err != nil {
			p.stop()
			return nil, err
		}
	}
	return p, nil
}

// stop ends the server in order.
func (p *process) stop() {
	for _, cmd := range p.all {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
}

// main is the process that listens on TCP.
func (p *process) main() *os.Process { return p.all[0].Process }

// figures adds up what the processes hold.
func (p *process) figures() (figures, error) {
	var sum figures
	for i, cmd := range p.all {
		f, err := readFigures(cmd.Process.Pid)
		if err != nil {
			return figures{}, err
		}
		told, err := scrape(context.Background(), p.metrics[i])
		if err != nil {
			return figures{}, err
		}
		f.goroutines = int(told["go_goroutines"])
		f.heap = int64(told["go_memstats_heap_inuse_bytes"])
		f.sessions = int(told["cvp_sessions_open"])
		sum = sum.plus(f)
	}
	return sum, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// awaitListener waits until somebody listens.
func awaitListener(ctx context.Context, network, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var d net.Dialer
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := d.DialContext(ctx, network, address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the server at %s: %w", address, errors.Join(err, ctx.Err()))
		case <-again.C:
		}
	}
}
