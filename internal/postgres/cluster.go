package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// superuser owns every cluster made here.
const superuser = "postgres"

// maxSocketPath bounds the socket's path: sun_path holds 108 bytes on Linux and 104 on macOS.
const maxSocketPath = 100

// startLimit bounds the wait for the first connection, recovery after a crash included.
const startLimit = 60 * time.Second

// portAttempts is how often Start looks for another free port when somebody takes the one it chose.
const portAttempts = 5

// Config says where a cluster lives and how it runs. Only Dir is required.
type Config struct {
	// Dir holds the data directory, the log and the password. It is created where absent.
	Dir string
	// Port to listen on at 127.0.0.1; 0 chooses a free one.
	Port int
	// SuperuserPassword of user postgres. If empty, the password kept in Dir is used, or a random one made
	// and kept there.
	SuperuserPassword string
	// Settings are server parameters, as in postgresql.conf, on top of the defaults.
	Settings map[string]string
	// BinDir holds initdb and postgres. If empty they are looked for, and fetched where there are none.
	BinDir string
	// AlwaysFetch uses fetched programs even where the machine has its own.
	AlwaysFetch bool
	// CacheDir keeps fetched programs. If empty it is CacheDir() + "/postgres".
	CacheDir string
	// Log receives what was found, fetched and started. If nil, nothing is logged.
	Log *slog.Logger
}

// Cluster is a running Postgres.
type Cluster struct {
	// SocketDir holds the Unix socket.
	SocketDir string
	// Fresh is true where Start made the data directory, false where it reused one.
	Fresh bool
	// Version is what the server says of itself, such as "15.14".
	Version string
	// BinDir is where the server's programs lie, Fetched whether they were fetched.
	BinDir  string
	Fetched bool

	port     int
	password string
	process  *process
}

// Start brings up the cluster in config.Dir and returns once it accepts connections. The cluster runs until
// Stop, until ctx ends, or until this process dies (on Linux even when it is killed).
func Start(ctx context.Context, config Config) (*Cluster, error) {
	if config.Dir == "" {
		return nil, errors.New("start postgres: no directory given")
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	config.Dir = dir
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	programs, err := findPrograms(ctx, config)
	if err != nil {
		return nil, err
	}
	runner, err := prepareDir(config.Dir)
	if err != nil {
		return nil, err
	}
	password, err := keepPassword(config.Dir, config.SuperuserPassword)
	if err != nil {
		return nil, err
	}
	fresh, err := initialise(ctx, config, programs, runner, password)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{Fresh: fresh, BinDir: programs.dir, Fetched: programs.fetched, password: password}
	if err := cluster.launch(ctx, config, programs, runner); err != nil {
		return nil, err
	}
	config.Log.Info("postgres is running", "version", cluster.Version, "port", cluster.port, "dir", config.Dir,
		"fresh", fresh, "programs", programs.dir)
	return cluster, nil
}

// URL connects to a database of the cluster over TCP as user postgres.
func (c *Cluster) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is where the cluster listens on 127.0.0.1.
func (c *Cluster) Port() int { return c.port }

// Password is that of user postgres.
func (c *Cluster) Password() string { return c.password }

// Stop ends the cluster: sessions are disconnected, a checkpoint is written. When ctx ends first the
// processes are killed, and the next start recovers. Stop may be called more than once.
func (c *Cluster) Stop(ctx context.Context) error {
	err := c.process.stop(ctx)
	if removeErr := os.RemoveAll(c.SocketDir); err == nil {
		err = removeErr
	}
	if err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	return nil
}

// Done is closed when the postmaster has ended, for whatever reason.
func (c *Cluster) Done() <-chan struct{} { return c.process.done }

// launch starts the postmaster, on another port if the chosen one was taken in the meantime.
func (c *Cluster) launch(ctx context.Context, config Config, programs programs, runner *runner) error {
	socketDir, err := makeSocketDir(runner)
	if err != nil {
		return err
	}
	c.SocketDir = socketDir
	for attempt := 1; ; attempt++ {
		c.port = config.Port
		if c.port == 0 {
			if c.port, err = freePort(); err != nil {
				break
			}
		}
		err = c.launchOnce(ctx, config, programs, runner)
		if err == nil {
			return nil
		}
		if config.Port != 0 || attempt == portAttempts || !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	_ = os.RemoveAll(socketDir)
	return err
}

func (c *Cluster) launchOnce(ctx context.Context, config Config, programs programs, runner *runner) error {
	logPath := filepath.Join(config.Dir, "postgres.log")
	logFile, err := os.Create(logPath)
	if err != nil {
		return fmt.Errorf("open postgres log: %w", err)
	}
	defer logFile.Close()

	cmd := exec.CommandContext(ctx, programs.path("postgres"), serverArguments(config, c.port, c.SocketDir)...)
	cmd.Dir = config.Dir
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = stopLimit
	runner.apply(cmd)
	if c.process, err = startProcess(cmd); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	if c.Version, err = c.awaitReady(ctx); err != nil {
		stopped, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		_ = c.process.stop(stopped)
		return fmt.Errorf("start postgres in %s: %w%s", config.Dir, err, logTail(logPath))
	}
	return nil
}

// awaitReady connects until that succeeds, and gives the server's version.
func (c *Cluster) awaitReady(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	// Where the port is another's, who may take connections and never answer, our server ends.
	watched := make(chan struct{})
	defer func() { cancel(); <-watched }()
	go func() {
		defer close(watched)
		select {
		case <-c.process.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgconn.Connect(ctx, c.URL("postgres"))
		if err == nil {
			version := conn.ParameterStatus("server_version")
			return version, conn.Close(ctx)
		}
		if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == "28P01" {
			return "", fmt.Errorf("the data directory has another password: %w", err)
		}
		select {
		case <-ctx.Done():
		case <-retry.C:
		}
		select {
		case <-c.process.done:
			return "", errors.New("the server ended at once")
		default:
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("no connection: %w", err)
		}
	}
}

// serverArguments puts the caller's settings after the defaults, so they win.
func serverArguments(config Config, port int, socketDir string) []string {
	args := []string{
		"-D", dataDir(config.Dir), "-p", strconv.Itoa(port), "-k", socketDir,
		"-c", "listen_addresses=127.0.0.1",
		"-c", "logging_collector=off",
		"-c", "log_timezone=UTC",
		"-c", "timezone=UTC",
	}
	for name, value := range config.Settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// makeSocketDir makes a directory whose socket path fits sun_path, wherever TMPDIR points.
func makeSocketDir(runner *runner) (string, error) {
	parent := os.TempDir()
	if len(parent)+len("/cvp-0123456789/.s.PGSQL.65535.lock") > maxSocketPath {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "cvp-")
	if err != nil {
		return "", fmt.Errorf("make socket directory: %w", err)
	}
	if err := runner.own(dir); err != nil {
		return "", fmt.Errorf("make socket directory: %w", err)
	}
	return dir, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// logTail gives the end of the server's log for an error message.
func logTail(path string) string {
	const lines = 10
	text, err := os.ReadFile(path)
	if err != nil || len(text) == 0 {
		return ""
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\n" + strings.Join(all[max(0, len(all)-lines):], "\n")
}
