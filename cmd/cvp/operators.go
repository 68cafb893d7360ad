package main

import (
	"context"
	"log/slog"

	"cvp/internal/ops"
	"cvp/server"
)

// opsFlags say what operators see of a server.
type opsFlags struct {
	Listen    string `name:"metrics-listen" help:"Address (host:port) of /metrics, /healthz and /readyz over HTTP, for operators only; empty is none." env:"CVP_METRICS_LISTEN" placeholder:"ADDRESS"`
	Pprof     bool   `help:"Profiles under /debug/pprof/ there." env:"CVP_PPROF"`
	ProbeUser string `help:"Role that /readyz names to Postgres when it asks whether that is up; without a password." default:"postgres" env:"CVP_PROBE_USER" placeholder:"ROLE"`
}

// beside runs serve with a listener for operators beside it: also while serve comes to its end, so that they see it.
func (f *opsFlags) beside(ctx context.Context, log *slog.Logger, srv *server.Server, metrics *ops.Metrics, serve func() error) error {
	if f.Listen == "" {
		return serve()
	}
	listener, err := ops.Listen(ctx, ops.Config{Listen: f.Listen, Server: srv, Metrics: metrics, Pprof: f.Pprof, Log: log})
	if err != nil {
		return err
	}
	defer listener.Close()
	return serve()
}
