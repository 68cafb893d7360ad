// Command cvp is the customer value prediction server and its tools.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// description heads the help text.
const description = `Train and use models of customer behaviour in plain SQL, through a server that speaks the Postgres protocol.

A setting is taken from the command line, else from the environment, else from the file named by --config (JSON, keys named like the flags without the dashes in front), else its default holds.`

// commands are the subcommands, each in a file of its own, and what all of them share.
type commands struct {
	Config kong.ConfigFlag `help:"JSON file of settings." env:"CVP_CONFIG" placeholder:"FILE" type:"path"`
	Log    logFlags        `embed:"" prefix:"log-"`

	Serve   serveCommand   `cmd:"" help:"Serve clients in front of a Postgres."`
	Demo    demoCommand    `cmd:"" help:"Start a private Postgres with real customers, and take a tour."`
	Install installCommand `cmd:"" help:"Create or migrate schema cvp in a database."`
	Doctor  doctorCommand  `cmd:"" help:"Check Postgres, rights and this machine, with advice."`
	Version versionCommand `cmd:"" help:"Print the version and how this program was built."`
}

// terminal is where a command writes: results to out, logs and progress to errors.
type terminal struct {
	out, errors io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends a command in order; with the handler gone, a second one ends it at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], terminal{out: os.Stdout, errors: os.Stderr}))
}

// run executes one command line and gives the exit status: 1 for a command that failed, 2 for a command
// line that makes no sense.
func run(ctx context.Context, args []string, t terminal) int {
	var c commands
	parser, err := newParser(&c, t)
	if err != nil {
		fmt.Fprintln(t.errors, "cvp:", err)
		return 2
	}
	exit, exited := 0, false
	parser.Exit = func(code int) { exit, exited = code, true }
	command, err := parser.Parse(args)
	if exited { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintln(t.errors, "cvp:", err)
		return 2
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(t, &c.Log); err != nil {
		fmt.Fprintln(t.errors, "cvp:", err)
		return 1
	}
	return 0
}

// newParser reads command lines into c.
func newParser(c *commands, t terminal) (*kong.Kong, error) {
	return kong.New(c, kong.Name("cvp"), kong.Description(description), kong.Writers(t.out, t.errors),
		kong.Configuration(loadConfigFile),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))
}
