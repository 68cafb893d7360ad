package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// pipeline sends segments of several statements at once; the middle one fails.
func pipeline(ctx context.Context, c *client) error {
	p := c.conn.PgConn().StartPipeline(ctx)
	defer p.Close()
	const each = 10
	first := c.rand.IntN(1000)
	send := func(from int) {
		for i := range each {
			p.SendQueryParams("SELECT $1::int * 2", [][]byte{[]byte(strconv.Itoa(from + i))}, nil, nil, nil)
		}
		p.SendPipelineSync()
	}
	send(first)
	p.SendQueryParams("SELECT 1 / $1::int", [][]byte{[]byte("0")}, nil, nil, nil)
	p.SendQueryParams("SELECT 'never'", nil, nil, nil, nil)
	p.SendPipelineSync()
	send(first + each)
	if err := p.Flush(); err != nil {
		return err
	}
	if err := doubled(p, first, each); err != nil {
		return err
	}
	if err := failedSegment(p); err != nil {
		return err
	}
	if err := doubled(p, first+each, each); err != nil {
		return err
	}
	return p.Close()
}

// doubled reads the answers of a segment that doubles numbers.
func doubled(p *pgconn.Pipeline, from, n int) error {
	for i := range n {
		results, err := p.GetResults()
		if err != nil {
			return err
		}
		reader, ok := results.(*pgconn.ResultReader)
		if !ok {
			return wrong("answer %d of a pipeline is %T", i, results)
		}
		r := reader.Read()
		if r.Err != nil {
			return r.Err
		}
		if len(r.Rows) != 1 || string(r.Rows[0][0]) != strconv.Itoa(2*(from+i)) {
			return wrong("answer %d of a pipeline, to %d, is %q", i, from+i, r.Rows)
		}
	}
	return synced(p)
}

func synced(p *pgconn.Pipeline) error {
	results, err := p.GetResults()
	if err != nil {
		return err
	}
	if _, ok := results.(*pgconn.PipelineSync); !ok {
		return wrong("a segment of a pipeline ends with %T", results)
	}
	return nil
}

// failedSegment reads a division by zero and nothing of what stood behind it.
func failedSegment(p *pgconn.Pipeline) error {
	results, err := p.GetResults()
	if reader, ok := results.(*pgconn.ResultReader); ok {
		err = reader.Read().Err
	}
	if err := wantCode(err, "22012"); err != nil {
		return err
	}
	return synced(p)
}

// portal reads a result some rows at a time.
func portal(ctx context.Context, c *client) error {
	rows := 1 + c.rand.IntN(200)
	return limited(ctx, c, fmt.Sprintf("SELECT n, md5(n::text) FROM generate_series(1, %d) n", rows), func(row int, values [][]byte) error {
		if row >= rows || string(values[0]) != strconv.Itoa(row+1) || string(values[1]) != md5Text(row+1) {
			return wrong("row %d of a portal of %d rows is %q", row, rows, values)
		}
		return nil
	}, rows)
}

// limited executes a statement by a portal, with row limits and Flush, up to its end and a Sync.
func limited(ctx context.Context, c *client, sql string, check func(row int, values [][]byte) error, want int) error {
	pg := c.conn.PgConn()
	f := pg.Frontend()
	f.Send(&pgproto3.Parse{Query: sql})
	f.Send(&pgproto3.Bind{DestinationPortal: "soak"})
	got := 0
	for done := false; !done; {
		limit := 1 + c.rand.IntN(50)
		f.Send(&pgproto3.Execute{Portal: "soak", MaxRows: uint32(limit)})
		f.Send(&pgproto3.Flush{})
		if err := f.Flush(); err != nil {
			return err
		}
		n, over, err := c.fetched(ctx, got, check)
		if err != nil {
			return err
		}
		if !over && n != limit {
			return wrong("a portal was suspended after %d rows, the limit is %d", n, limit)
		}
		got, done = got+n, over
	}
	if got != want {
		return wrong("a portal gave %d rows, want %d", got, want)
	}
	f.Send(&pgproto3.Close{ObjectType: 'P', Name: "soak"})
	f.Send(&pgproto3.Sync{})
	if err := f.Flush(); err != nil {
		return err
	}
	return c.settled(ctx)
}

// fetched reads the answer to an Execute: its rows, and whether they were the last.
func (c *client) fetched(ctx context.Context, first int, check func(row int, values [][]byte) error) (n int, over bool, err error) {
	for {
		m, err := c.conn.PgConn().ReceiveMessage(ctx)
		if err != nil {
			return n, false, err
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			if err := check(first+n, m.Values); err != nil {
				return n, false, err
			}
			n++
		case *pgproto3.PortalSuspended:
			return n, false, nil
		case *pgproto3.CommandComplete:
			return n, true, nil
		case *pgproto3.ErrorResponse:
			return n, false, pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			return n, false, wrong("ReadyForQuery without a Sync")
		}
	}
}

// settled reads up to ReadyForQuery, outside of a transaction.
func (c *client) settled(ctx context.Context) error {
	for {
		m, err := c.conn.PgConn().ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			if m.TxStatus != 'I' {
				return wrong("status is %c after the Sync", m.TxStatus)
			}
			return nil
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		case *pgproto3.DataRow:
			return wrong("a row after the end of the portal")
		}
	}
}

// cursor fetches from a cursor in a transaction.
func cursor(ctx context.Context, c *client) error {
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DECLARE c SCROLL CURSOR FOR SELECT n FROM generate_series(1, 100) n"); err != nil {
		return err
	}
	for _, step := range []struct {
		fetch string
		want  int
	}{{"FETCH 10 FROM c", 10}, {"FETCH BACKWARD 1 FROM c", 9}, {"FETCH LAST FROM c", 100}, {"FETCH FIRST FROM c", 1}} {
		results, err := tx.Conn().PgConn().Exec(ctx, step.fetch).ReadAll()
		if err != nil {
			return err
		}
		rows := results[0].Rows
		if len(rows) == 0 || string(rows[len(rows)-1][0]) != strconv.Itoa(step.want) {
			return wrong("%s gives %q, want %d at the end", step.fetch, rows, step.want)
		}
	}
	return tx.Rollback(ctx)
}
