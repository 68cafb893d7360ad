package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config says what a Listener shows.
type Config struct {
	// Listen is host:port.
	Listen string
	// Server is whose readiness and traffic are told.
	Server Server
	// Metrics are what /metrics gives. They serve one listener.
	Metrics *Metrics
	// ProbeAgain is how long an answer of the backend's serves, so that whoever asks often costs it little. If it is
	// 0, it is 3 seconds.
	ProbeAgain time.Duration
	// Pprof shows profiles of the process, which tell more of it than metrics do, and cost it time.
	Pprof bool
	// Log is told of failures; nil discards.
	Log *slog.Logger
}

// Listener serves operators over HTTP.
type Listener struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{}
}

// Listen starts to serve.
func Listen(ctx context.Context, c Config) (*Listener, error) {
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s for metrics: %w", c.Listen, err)
	}
	c.Metrics.showTraffic(c.Server)
	l := &Listener{
		listener: ln, done: make(chan struct{}),
		http: &http.Server{
			Handler: handler(c), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		},
	}
	log.Info("listening for operators", "address", ln.Addr().String(), "pprof", c.Pprof)
	go func() {
		defer close(l.done)
		if err := l.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("serve metrics", "reason", err)
		}
	}()
	return l, nil
}

// Addr is where it listens.
func (l *Listener) Addr() net.Addr { return l.listener.Addr() }

// Close ends it and every request in progress.
func (l *Listener) Close() error {
	err := l.http.Close()
	<-l.done
	return err
}

// handler lists all paths. The mux of package http, to which importing pprof has added its own, is not served.
func handler(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Metrics.registry, promhttp.HandlerOpts{Registry: c.Metrics.registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.Handle("GET /readyz", &readiness{server: c.Server, again: cmp.Or(c.ProbeAgain, probeAgain)})
	if c.Pprof {
		// Not cmdline: a command line may hold a password.
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}
