package testdata

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
)

// Rows of the data sets, as their origin counts them.
const (
	RetailLines       = 809_490
	RetailCustomers   = 5_939
	RetailOrders      = 44_870
	CDNOWCustomers    = 23_570
	CDNOWTransactions = 69_659
)

// Progress hears how many of the total lines of the largest file have been sent.
type Progress func(done, total int)

// dataset is a folder of files and of SQL that makes tables of them.
type dataset struct {
	folder string
	table  string // the table whose presence shows that the whole is loaded
	copies []copyFile
}

// copyFile is a CSV file with a header and where its rows go.
type copyFile struct {
	name   string
	target string
	lines  int // reported to Progress; 0 for a file too small to matter
}

func onlineRetail() dataset {
	return dataset{folder: "online_retail_ii", table: "order_lines", copies: []copyFile{
		{name: "customers.csv.gz", target: "customers (customer_id, country)"},
		{name: "order_lines.csv.gz", lines: RetailLines,
			target: "staged_lines (customer_id, ordered_at, order_id, product_id, category, quantity, amount)"},
	}}
}

func cdnow() dataset {
	return dataset{folder: "cdnow", table: "cdnow_transactions", copies: []copyFile{
		{name: "transactions.csv.gz", lines: CDNOWTransactions,
			target: "staged_transactions (customer_id, purchased_on, cds, amount)"},
	}}
}

// LoadOnlineRetail makes the tables customers, products, orders and order_lines in the first schema of the
// search path, whole or not at all. A nil progress is allowed.
func LoadOnlineRetail(ctx context.Context, conn *pgx.Conn, progress Progress) error {
	return onlineRetail().load(ctx, conn, progress)
}

// LoadCDNOW makes the tables cdnow_customers and cdnow_transactions likewise.
func LoadCDNOW(ctx context.Context, conn *pgx.Conn, progress Progress) error {
	return cdnow().load(ctx, conn, progress)
}

// HasOnlineRetail reports whether LoadOnlineRetail has been done.
func HasOnlineRetail(ctx context.Context, conn *pgx.Conn) (loaded bool, err error) {
	err = conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", onlineRetail().table).Scan(&loaded)
	if err != nil {
		return false, fmt.Errorf("look for online_retail_ii: %w", err)
	}
	return loaded, nil
}

// load creates the tables, streams the files in, derives the rest and builds the keys, in one transaction.
func (d dataset) load(ctx context.Context, conn *pgx.Conn, progress Progress) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		// Times in the files carry no zone.
		if _, err := tx.Exec(ctx, "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL work_mem = '128MB'"); err != nil {
			return err
		}
		if err := d.run(ctx, tx, "schema.sql"); err != nil {
			return err
		}
		for _, file := range d.copies {
			if err := d.copy(ctx, tx, file, progress); err != nil {
				return fmt.Errorf("copy %s: %w", file.name, err)
			}
		}
		if err := d.run(ctx, tx, "derive.sql"); err != nil {
			return err
		}
		return d.run(ctx, tx, "keys.sql")
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", d.folder, err)
	}
	return nil
}

func (d dataset) run(ctx context.Context, tx pgx.Tx, name string) error {
	sql, err := files.ReadFile(d.folder + "/" + name)
	if err != nil {
		return err
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, string(sql)).ReadAll(); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

func (d dataset) copy(ctx context.Context, tx pgx.Tx, file copyFile, progress Progress) error {
	packed, err := files.Open(d.folder + "/" + file.name)
	if err != nil {
		return err
	}
	defer packed.Close()
	rows, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	var source io.Reader = rows
	if progress != nil && file.lines > 0 {
		source = &lineCounter{from: rows, total: file.lines, report: progress, done: -1} // the header is no row
	}
	_, err = tx.Conn().PgConn().CopyFrom(ctx, source, "COPY "+file.target+" FROM STDIN (FORMAT csv, HEADER)")
	return err
}

// lineCounter reports the lines that pass through, once per read.
type lineCounter struct {
	from        io.Reader
	done, total int
	report      Progress
}

func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.done += bytes.Count(p[:n], []byte{'\n'})
	c.report(max(c.done, 0), c.total)
	return n, err
}
