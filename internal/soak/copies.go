package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
)

// copyBothWays copies lines into a temporary table and out again.
func copyBothWays(ctx context.Context, c *client) error {
	pg := c.conn.PgConn()
	if _, err := pg.Exec(ctx, "BEGIN; CREATE TEMP TABLE lines (id bigint, text text) ON COMMIT DROP").ReadAll(); err != nil {
		return err
	}
	n := c.rand.IntN(20_000)
	var in bytes.Buffer
	for i := range n {
		fmt.Fprintf(&in, "%d\t%x\n", i, c.rand.Uint64())
	}
	want := sha256.Sum256(in.Bytes())
	tag, err := pg.CopyFrom(ctx, &in, "COPY lines FROM STDIN")
	if err != nil {
		return err
	}
	if tag.RowsAffected() != int64(n) {
		return wrong("COPY took %d of %d lines", tag.RowsAffected(), n)
	}
	out := sha256.New()
	if _, err := pg.CopyTo(ctx, out, "COPY (SELECT * FROM lines ORDER BY id) TO STDOUT"); err != nil {
		return err
	}
	if [sha256.Size]byte(out.Sum(nil)) != want {
		return wrong("%d lines of COPY came back changed", n)
	}
	_, err = pg.Exec(ctx, "COMMIT").ReadAll()
	return err
}

// failingCopy ends a COPY by an error of the data or of the client.
func failingCopy(ctx context.Context, c *client) error {
	pg := c.conn.PgConn()
	var b strings.Builder
	for i := range c.rand.IntN(5000) {
		fmt.Fprintf(&b, "-1\t%d\n", c.id*10_000+i)
	}
	lines := b.String()
	_, err := pg.CopyFrom(ctx, strings.NewReader(lines+"-1\tnot a number\n"+lines), "COPY journal FROM STDIN")
	if err := wantCode(err, "22P02"); err != nil {
		return err
	}
	broken := io.MultiReader(strings.NewReader(lines), brokenReader{})
	_, err = pg.CopyFrom(ctx, broken, "COPY journal FROM STDIN")
	return wantCode(err, "57014")
}

var errBroken = errors.New("on purpose")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }
