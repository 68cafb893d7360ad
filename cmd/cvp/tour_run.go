package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// takeTour runs the steps through the server, as any client would, and shows each statement, its notices, its
// result and its time. All steps run; the error names those that did not give what they should.
func takeTour(ctx context.Context, t terminal, client string, steps []step) error {
	config, err := pgx.ParseConfig(client)
	if err != nil {
		return fmt.Errorf("take the tour: %w", err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		fmt.Fprintln(t.out, dim(t, notice.Severity+":  "+notice.Message))
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect through the server: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))

	var failed []error
	for i, step := range steps {
		fmt.Fprintf(t.out, "\n%s\n%s\n", bold(t, fmt.Sprintf("%d. %s", i+1, step.title)), step.sql)
		if err := takeStep(ctx, t, conn, step); err != nil {
			fmt.Fprintln(t.out, "✗", err)
			failed = append(failed, fmt.Errorf("step %d (%s): %w", i+1, step.title, err))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d steps of the tour did not give what they should:\n%w", len(failed), len(steps), errors.Join(failed...))
	}
	return nil
}

func takeStep(ctx context.Context, t terminal, conn *pgx.Conn, step step) error {
	began := time.Now()
	result, err := ask(ctx, conn, step.sql)
	took := time.Since(began)
	if err != nil {
		return explain(err)
	}
	result.write(t.out)
	fmt.Fprintln(t.out, dim(t, fmt.Sprintf("Time: %.1f ms", float64(took.Microseconds())/1000)))
	return step.expect(result)
}

// ask runs sql in the simple protocol, as psql does, and gives its last result.
func ask(ctx context.Context, conn *pgx.Conn, sql string) (last table, err error) {
	results := conn.PgConn().Exec(ctx, sql)
	for results.NextResult() {
		last = newTable(results.ResultReader())
	}
	return last, results.Close()
}

// explain adds the hint that psql would show.
func explain(err error) error {
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Hint != "" {
		return fmt.Errorf("%w\nHINT:  %s", err, refused.Hint)
	}
	return err
}

func dim(t terminal, text string) string  { return styled(t, "\x1b[2m", text) }
func bold(t terminal, text string) string { return styled(t, "\x1b[1m", text) }

// styled leaves text plain where no terminal shows it.
func styled(t terminal, style, text string) string {
	if !isTerminal(t.out) {
		return text
	}
	return style + strings.TrimRight(text, "\n") + "\x1b[0m"
}
