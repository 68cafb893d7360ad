package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"cvp/catalog"
	"cvp/engine/blas"
	"cvp/internal/ops"
	"cvp/server"
	"cvp/sqlfuncs"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	Listen          string        `help:"Address for clients: host:port, or the path of a Unix socket." default:"127.0.0.1:6432" env:"CVP_LISTEN"`
	Backend         string        `help:"Postgres to serve, as a URL or keywords, sslmode and the like included. Users, passwords and databases are the clients' own." required:"" env:"CVP_BACKEND" placeholder:"URL"`
	Registry        string        `help:"Postgres that keeps the models, as a URL or keywords, in a database of its own: the databases that are served then need no schema cvp and may be read-only." env:"CVP_REGISTRY" placeholder:"URL"`
	RegistryAs      string        `help:"Name of --backend in the registry; without it, it is the system identifier, which a replica shares and pg_upgrade changes." env:"CVP_REGISTRY_AS" placeholder:"NAME"`
	TLSCert         string        `name:"tls-cert" help:"Certificate (PEM) shown to clients that ask for TLS." type:"path" env:"CVP_TLS_CERT" placeholder:"FILE"`
	TLSKey          string        `name:"tls-key" help:"Its private key (PEM)." type:"path" env:"CVP_TLS_KEY" placeholder:"FILE"`
	TLSMode         string        `name:"tls-mode" help:"What clients need where there is a certificate: allow (nothing), require (TLS), verify-client (and a certificate that names their role)." enum:"allow,require,verify-client" default:"allow" env:"CVP_TLS_MODE"`
	TLSClientCA     string        `name:"tls-client-ca" help:"Authority (PEM) that certificates of clients are checked against." type:"path" env:"CVP_TLS_CLIENT_CA" placeholder:"FILE"`
	TLSClientNames  string        `name:"tls-client-names" help:"Lines of a client certificate's common name and a role it may be, as in pg_ident.conf; without it the two are the same." type:"path" env:"CVP_TLS_CLIENT_NAMES" placeholder:"FILE"`
	AuthQuery       string        `help:"Connection to Postgres as a role that may read pg_authid, used only to look up SCRAM verifiers: lets clients authenticate, and bind the channel, where both sides have TLS." env:"CVP_AUTH_QUERY" placeholder:"URL"`
	AuthFile        string        `help:"File of roles and their SCRAM verifiers, in place of --auth-query." type:"path" env:"CVP_AUTH_FILE" placeholder:"FILE"`
	MaxConnections  int           `help:"Most clients at a time; 0 leaves it to Postgres." default:"0" env:"CVP_MAX_CONNECTIONS" placeholder:"N"`
	StartupTimeout  time.Duration `help:"How long a client may take to say who it is." default:"1m" env:"CVP_STARTUP_TIMEOUT"`
	ShutdownTimeout time.Duration `help:"How long busy clients may finish their statement when the server stops." default:"30s" env:"CVP_SHUTDOWN_TIMEOUT"`
	Threads         int           `help:"Processors that one call of the engine may use; 0 is all." default:"0" env:"CVP_THREADS" placeholder:"N"`
	ModelCache      int64         `help:"Memory for models kept between statements, in MiB." default:"256" env:"CVP_MODEL_CACHE"`
	IdleTimeout     time.Duration `help:"How long a session may be idle outside a transaction; 0 is for ever." default:"0" env:"CVP_IDLE_TIMEOUT"`
	MemoryLimit     int64         `help:"Memory of the process, in MiB, near which new calls of the engine are refused; 0 is none." default:"0" env:"CVP_MEMORY_LIMIT"`
	SlowCall        time.Duration `help:"How long a call of the engine takes to get a line in the log; 0 is no line." default:"5s" env:"CVP_SLOW_CALL"`
	Operators       opsFlags      `embed:""`
}

// Validate implements kong's check of a command's flags.
func (c *serveCommand) Validate() error {
	var errs []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		errs = append(errs, errors.New("--tls-cert and --tls-key go together"))
	}
	if c.TLSCert == "" && (c.TLSMode != string(server.AllowTLS) || c.TLSClientCA != "") {
		errs = append(errs, errors.New("--tls-mode and --tls-client-ca need --tls-cert"))
	}
	if c.TLSClientCA == "" && (c.TLSMode == string(server.VerifyClient) || c.TLSClientNames != "") {
		errs = append(errs, errors.New("--tls-mode=verify-client and --tls-client-names need --tls-client-ca"))
	}
	if c.RegistryAs != "" && c.Registry == "" {
		errs = append(errs, errors.New("--registry-as needs --registry"))
	}
	if c.AuthQuery != "" && c.AuthFile != "" {
		errs = append(errs, errors.New("--auth-query and --auth-file exclude each other"))
	}
	if c.MaxConnections < 0 || c.Threads < 0 || c.ModelCache < 0 || c.StartupTimeout < 0 || c.ShutdownTimeout < 0 ||
		c.IdleTimeout < 0 || c.MemoryLimit < 0 || c.SlowCall < 0 {
		errs = append(errs, errors.New("limits cannot be negative"))
	}
	if c.Operators.Pprof && c.Operators.Listen == "" {
		errs = append(errs, errors.New("--pprof needs --metrics-listen"))
	}
	return errors.Join(errs...)
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, t terminal, flags *logFlags) error {
	log := flags.logger(t.errors)
	registry, closeRegistry, err := c.registry(ctx)
	if err != nil {
		return err
	}
	defer closeRegistry()
	functions := sqlfuncs.New(sqlfuncs.Config{Log: log, Threads: c.Threads, CacheBytes: c.ModelCache << 20, Registry: registry, RegistryAs: c.RegistryAs})
	config, err := c.config(log, functions)
	if err != nil {
		return err
	}
	metrics := ops.NewMetrics(buildVersion(), functions.Models)
	config.Observer = metrics
	closeVerifiers, err := c.verifiers(&config)
	if err != nil {
		return err
	}
	defer closeVerifiers()
	srv, err := server.New(config)
	if err != nil {
		return err
	}
	log.Info("starting", "version", buildVersion(), "blas", blas.Name())
	if c.MemoryLimit > 0 {
		debug.SetMemoryLimit(c.MemoryLimit << 20)
	}
	return c.Operators.beside(ctx, log, srv, metrics, func() error {
		return serveUntil(ctx, srv, c.ShutdownTimeout, srv.ListenAndServe)
	})
}

// registry opens the Postgres that keeps the models, if there is one of its own.
func (c *serveCommand) registry(ctx context.Context) (r *catalog.Registry, closeIt func(), err error) {
	if c.Registry == "" {
		return nil, func() {}, nil
	}
	if r, err = catalog.OpenRegistry(ctx, c.Registry); err != nil {
		return nil, nil, err
	}
	return r, r.Close, nil
}

// config is the server's configuration.
func (c *serveCommand) config(log *slog.Logger, functions *sqlfuncs.Functions) (server.Config, error) {
	backend, err := server.ParseBackend(c.Backend)
	if err != nil {
		return server.Config{}, err
	}
	config := server.Config{
		Listen: c.Listen, Backend: backend, Log: log, Planner: functions,
		StartupTimeout: c.StartupTimeout, IdleTimeout: c.IdleTimeout,
		MaxConnections: c.MaxConnections, MemoryLimit: c.MemoryLimit << 20,
		SlowCall: c.SlowCall, Redact: sqlfuncs.Redacted, ProbeUser: c.Operators.ProbeUser,
	}
	err = c.clientTLS(&config)
	return config, err
}

// clientTLS sets how clients secure their connections.
func (c *serveCommand) clientTLS(config *server.Config) (err error) {
	config.TLSMode = server.TLSMode(c.TLSMode)
	if c.TLSCert != "" {
		files := server.CertificateFiles{Cert: c.TLSCert, Key: c.TLSKey, ClientCA: c.TLSClientCA}
		if config.TLS, err = files.Load(config.Log); err != nil {
			return err
		}
	}
	if c.TLSClientNames == "" {
		return nil
	}
	file, err := os.Open(c.TLSClientNames)
	if err != nil {
		return fmt.Errorf("read certificate names: %w", err)
	}
	defer file.Close()
	config.CertNames, err = server.ReadCertNames(file)
	return err
}

// verifiers sets where SCRAM verifiers come from.
func (c *serveCommand) verifiers(config *server.Config) (closeThem func(), err error) {
	switch {
	case c.AuthQuery != "":
		q, err := server.NewAuthQuery(c.AuthQuery)
		if err != nil {
			return nil, err
		}
		config.Verifiers = q
		return func() { _ = q.Close() }, nil
	case c.AuthFile != "":
		f, err := server.NewAuthFile(c.AuthFile)
		if err != nil {
			return nil, err
		}
		config.Verifiers = f
	}
	return func() {}, nil
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
