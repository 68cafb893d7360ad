package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Server     string     `help:"The built cvp program." default:"bin/cvp" type:"existingfile"`
	Journey    journey    `cmd:"" help:"Train and judge churn30 on the full Complete Journey; memory of the server."`
	Features   featuring  `cmd:"" help:"Time the features of The Complete Journey as of seven cutoffs, from Postgres to columns."`
	Events     events     `cmd:"" help:"Train on millions of synthetic events and score every customer; memory of the server."`
	Statements statements `cmd:"" help:"Time calls in every kind of statement over 1,000,000 rows, each beside the same over a table of scores."`
	Memory     memory     `cmd:"" help:"Peak memory of the server while it scores 10,000,000 keys."`
	PLPython   plpython   `cmd:"" name:"plpython" help:"Score 1,000,000 rows beside scikit-learn called row by row in PL/Python."`
}

func main() {
	var c commands
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k := kong.Parse(&c, kong.Name("bench"), kong.BindTo(ctx, (*context.Context)(nil)))
	k.FatalIfErrorf(k.Run(&c))
}
