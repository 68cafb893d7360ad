package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// runCommand is a soak of a server that runs as a process of its own.
type runCommand struct {
	Server   string        `help:"The built cvp program." default:"bin/cvp" type:"existingfile"`
	Duration time.Duration `help:"How long the clients work." default:"10m"`
	Clients  int           `help:"Clients at a time." default:"64"`
	Restarts int           `help:"Restarts of Postgres, spread over the run." default:"10"`
	Kills    float64       `help:"Connections ended a second." default:"2"`
	Seed     uint64        `help:"Chooses what each client and the killer do, and in which order." default:"1"`
}

// Run implements the command.
func (c *runCommand) Run(ctx context.Context) error {
	if c.Clients < 1 || c.Duration <= 0 || c.Restarts < 0 || c.Kills < 0 {
		return errors.New("there must be clients and time for them to work, and no number may be negative")
	}
	dir, err := os.MkdirTemp("", "cvp-soak-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	b, err := startBacking(ctx, dir)
	if err != nil {
		return err
	}
	defer b.remove()
	p, err := startProcess(ctx, c.Server, dir, b.address())
	if err != nil {
		return err
	}
	defer p.stop()
	plan := plan{duration: c.Duration, clients: c.Clients, restarts: c.Restarts, kills: c.Kills, seed: c.Seed}
	report, err := soak(ctx, plan, b, p.front, p.figures)
	if report != nil {
		report.print(os.Stdout)
	}
	if err != nil {
		return err
	}
	return report.verdict()
}
