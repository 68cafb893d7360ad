package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"cvp/engine/blas"
	"cvp/server"
	"cvp/sqlfuncs"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	Listen          string        `help:"Address for clients: host:port, or the path of a Unix socket." default:"127.0.0.1:6432" env:"CVP_LISTEN"`
	Backend         string        `help:"Postgres to serve, as a URL or keywords, sslmode and the like included. Users, passwords and databases are the clients' own." required:"" env:"CVP_BACKEND" placeholder:"URL"`
	TLSCert         string        `name:"tls-cert" help:"Certificate (PEM) shown to clients that ask for TLS." type:"path" env:"CVP_TLS_CERT" placeholder:"FILE"`
	TLSKey          string        `name:"tls-key" help:"Its private key (PEM)." type:"path" env:"CVP_TLS_KEY" placeholder:"FILE"`
	MaxConnections  int           `help:"Most clients at a time; 0 leaves it to Postgres." default:"0" env:"CVP_MAX_CONNECTIONS" placeholder:"N"`
	StartupTimeout  time.Duration `help:"How long a client may take to say who it is." default:"1m" env:"CVP_STARTUP_TIMEOUT"`
	ShutdownTimeout time.Duration `help:"How long busy clients may finish their statement when the server stops." default:"30s" env:"CVP_SHUTDOWN_TIMEOUT"`
	Threads         int           `help:"Processors that one call of the engine may use; 0 is all." default:"0" env:"CVP_THREADS" placeholder:"N"`
	ModelCache      int64         `help:"Memory for models kept between statements, in MiB." default:"256" env:"CVP_MODEL_CACHE"`
}

// Validate implements kong's check of a command's flags.
func (c *serveCommand) Validate() error {
	var errs []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key go together"))
	}
	if c.MaxConnections < 0 || c.Threads < 0 || c.ModelCache < 0 || c.StartupTimeout < 0 || c.ShutdownTimeout < 0 {
		errs = append(errs, errors.New("limits cannot be negative"))
	}
	return errors.Join(errs...)
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, t terminal, flags *logFlags) error {
	log := flags.logger(t.errors)
	backend, err := server.ParseBackend(c.Backend)
	if err != nil {
		return err
	}
	config := server.Config{
		Listen: c.Listen, Backend: backend, Log: log,
		StartupTimeout: c.StartupTimeout, MaxConnections: c.MaxConnections,
		Planner: sqlfuncs.New(sqlfuncs.Config{Log: log, Threads: c.Threads, CacheBytes: c.ModelCache << 20}),
	}
	if c.TLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("load the TLS certificate: %w", err)
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	srv, err := server.New(config)
	if err != nil {
		return err
	}
	log.Info("starting", "version", buildVersion(), "blas", blas.Name())
	return serveUntil(ctx, srv, c.ShutdownTimeout, srv.ListenAndServe)
}

// serveUntil serves until ctx ends, then lets busy clients finish within the grace.
func serveUntil(ctx context.Context, srv *server.Server, grace time.Duration, serve func(context.Context) error) error {
	stopped := make(chan struct{})
	cancelWatch := context.AfterFunc(ctx, func() {
		defer close(stopped)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		_ = srv.Shutdown(patience) // an error says that clients were cut off, which they have been told
	})
	// The server's own context would cut every client off at once.
	err := serve(context.WithoutCancel(ctx))
	if !cancelWatch() {
		<-stopped
	}
	if errors.Is(err, server.ErrClosed) {
		return nil
	}
	return err
}
