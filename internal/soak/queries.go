package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// md5Text is Postgres's md5() of a number's text.
func md5Text(n int) string {
	sum := md5.Sum([]byte(strconv.Itoa(n)))
	return hex.EncodeToString(sum[:])
}

// simpleQuery sends several statements in one Query.
func simpleQuery(ctx context.Context, c *client) error {
	from, n := c.rand.IntN(1000), c.rand.IntN(300)
	results, err := c.conn.PgConn().Exec(ctx, fmt.Sprintf(
		"SELECT 'first'; SELECT n, md5(n::text) FROM generate_series(%d, %d) n; SELECT 'last' WHERE false", from, from+n-1)).ReadAll()
	if err != nil {
		return err
	}
	if len(results) != 3 || len(results[1].Rows) != n || len(results[2].Rows) != 0 || string(results[0].Rows[0][0]) != "first" {
		return wrong("three statements gave %d results", len(results))
	}
	for i, row := range results[1].Rows {
		if string(row[0]) != strconv.Itoa(from+i) || string(row[1]) != md5Text(from+i) {
			return wrong("row %d of a simple query is %q", i, row)
		}
	}
	return nil
}

// echoValues sends values of several types and wants them back.
func echoValues(ctx context.Context, c *client) error {
	number, text, bytes := c.rand.Int64(), c.text(c.rand.IntN(3000)), []byte(c.text(c.rand.IntN(500)))
	list := []float64{c.rand.NormFloat64(), 0, -1}
	var gotNumber int64
	var gotText string
	var gotBytes []byte
	var gotList []float64
	var null *string
	err := c.conn.QueryRow(ctx, "SELECT $1::bigint, $2::text, $3::bytea, $4::float8[], $5::text", number, text, bytes, list, null).
		Scan(&gotNumber, &gotText, &gotBytes, &gotList, &null)
	if err != nil {
		return err
	}
	if gotNumber != number || gotText != text || !slices.Equal(gotBytes, bytes) || !slices.Equal(gotList, list) || null != nil {
		return wrong("sent %d %q %v, got %d %q %v", number, text, list, gotNumber, gotText, gotList)
	}
	return nil
}

// text is a random text of some length; quotes, backslashes and letters of more than one byte are in it.
func (c *client) text(n int) string {
	letters := []rune(`abcdefgh 0123456789'"\;$é—`)
	var b strings.Builder
	for b.Len() < n {
		b.WriteRune(letters[c.rand.IntN(len(letters))])
	}
	return b.String()
}

// preparedStatement runs a named statement several times.
func preparedStatement(ctx context.Context, c *client) error {
	name := fmt.Sprintf("statement %d", c.rand.IntN(10))
	pg := c.conn.PgConn()
	if _, err := pg.Prepare(ctx, name, "SELECT $1::int * 3, repeat($2, 2)", nil); err != nil {
		return err
	}
	for range 1 + c.rand.IntN(10) {
		n, text := c.rand.IntN(1000), c.text(20)
		r := pg.ExecPrepared(ctx, name, [][]byte{[]byte(strconv.Itoa(n)), []byte(text)}, nil, nil).Read()
		if r.Err != nil {
			return r.Err
		}
		if len(r.Rows) != 1 || string(r.Rows[0][0]) != strconv.Itoa(3*n) || string(r.Rows[0][1]) != text+text {
			return wrong("statement of %d and %q gives %q", n, text, r.Rows)
		}
	}
	return pg.Deallocate(ctx, name)
}

// batch queues statements and reads the answers in order.
func batch(ctx context.Context, c *client) error {
	var b pgx.Batch
	for i := range 1 + c.rand.IntN(100) {
		n := c.rand.IntN(1000)
		b.Queue("SELECT $1::int + 1, md5($2::text)", n, strconv.Itoa(n)).QueryRow(func(row pgx.Row) error {
			var next int
			var sum string
			if err := row.Scan(&next, &sum); err != nil {
				return err
			}
			if next != n+1 || sum != md5Text(n) {
				return wrong("answer %d of a batch, to %d, is %d and %s", i, n, next, sum)
			}
			return nil
		})
	}
	return c.conn.SendBatch(ctx, &b).Close()
}

// failingBatch has an error in the middle: what is before it answers, what is behind it does not run.
func failingBatch(ctx context.Context, c *client) error {
	const before = 5
	answered := 0
	var b pgx.Batch
	for i := range before {
		b.Queue("SELECT $1::int", i).QueryRow(func(row pgx.Row) error {
			var n int
			if err := row.Scan(&n); err != nil {
				return err
			}
			if answered++; n != i {
				return wrong("answer %d of a batch is %d", i, n)
			}
			return nil
		})
	}
	b.Queue("SELECT 1 / $1::int", 0)
	b.Queue("UPDATE accounts SET balance = balance + 1000000 WHERE id = $1", 1)
	if err := wantCode(c.conn.SendBatch(ctx, &b).Close(), "22012"); err != nil {
		return err
	}
	if answered != before {
		return wrong("%d answers before the error of a batch, want %d", answered, before)
	}
	return nil
}

// errorsOnPurpose makes mistakes; the session goes on behind each.
func errorsOnPurpose(ctx context.Context, c *client) error {
	mistakes := []struct{ sql, code string }{
		{"SELECT 1/0", "22012"}, {"SELEC 1", "42601"}, {"SELECT * FROM no_such_table", "42P01"},
		{"SELECT no_such_column FROM accounts", "42703"}, {"SELECT 'x'::int", "22P02"}, {"SELECT no_such_function()", "42883"},
		{"INSERT INTO accounts VALUES (1, 0)", "23505"}, {"DO $$BEGIN RAISE EXCEPTION 'on purpose'; END$$", "P0001"},
		{"SELECT cvp_predict('no such model', 1)", "42704"}, {"SELECT cvp_no_such_function(1)", "42883"},
	}
	for range 3 {
		m := mistakes[c.rand.IntN(len(mistakes))]
		_, err := c.conn.Exec(ctx, m.sql)
		if err := wantCode(err, m.code); err != nil {
			return fmt.Errorf("%s: %w", m.sql, err)
		}
	}
	if _, err := c.conn.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	_, err := c.conn.Exec(ctx, "SELECT 1/0")
	if err := wantCode(err, "22012"); err != nil {
		return err
	}
	_, err = c.conn.Exec(ctx, "SELECT cvp_predict('m', 1)")
	if err := wantCode(err, "25P02"); err != nil {
		return err
	}
	if status := c.conn.PgConn().TxStatus(); status != 'E' {
		return wrong("a failed transaction has status %c", status)
	}
	_, err = c.conn.Exec(ctx, "ROLLBACK")
	return err
}

// largeResult reads some tens of MB and is slow about it.
func largeResult(ctx context.Context, c *client) error {
	const width = 512
	n := 500 + c.rand.IntN(2000)
	rows, err := c.conn.Query(ctx, fmt.Sprintf("SELECT n, repeat(md5(n::text), %d) FROM generate_series(1, $1::int) n", width), n)
	if err != nil {
		return err
	}
	defer rows.Close()
	got := 0
	for ; rows.Next(); got++ {
		raw := rows.RawValues()
		if sum := []byte(md5Text(got + 1)); len(raw[1]) != width*len(sum) || !bytes.Equal(raw[1], bytes.Repeat(sum, width)) {
			return wrong("row %d of a large result is damaged", got+1)
		}
		if got%250 == 100 {
			time.Sleep(time.Duration(c.rand.IntN(300)) * time.Millisecond)
		}
	}
	if rows.Err() == nil && got != n {
		return wrong("%d rows of a large result, want %d", got, n)
	}
	return rows.Err()
}

// largeValue sends some MB and wants them back.
func largeValue(ctx context.Context, c *client) error {
	value := strings.Repeat(c.text(1000), 1000+c.rand.IntN(7000))
	var back string
	if err := c.conn.QueryRow(ctx, "SELECT $1::text", value).Scan(&back); err != nil {
		return err
	}
	if back != value {
		return wrong("a value of %d bytes came back changed", len(value))
	}
	return nil
}
