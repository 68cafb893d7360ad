package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// argument is one parameter with the type it is sent as: nothing is left for Postgres to infer.
type argument struct {
	oid   uint32
	value any
}

func text(s string) argument { return argument{pgtype.TextOID, s} }

// optional sends the empty string as NULL.
func optional(s string) argument {
	if s == "" {
		return argument{pgtype.TextOID, nil}
	}
	return text(s)
}

// query runs one statement in the client's transaction: one round trip, parameters and results in binary.
func query(ctx context.Context, conn *pgconn.PgConn, sql string, arguments ...argument) (pgx.Rows, error) {
	types := pgtype.NewMap()
	values := make([][]byte, len(arguments))
	oids := make([]uint32, len(arguments))
	formats := make([]int16, len(arguments))
	for i, a := range arguments {
		// Encode appends, and gives nil for NULL: an empty text needs a buffer that is not nil.
		encoded, err := types.Encode(a.oid, pgtype.BinaryFormatCode, a.value, []byte{})
		if err != nil {
			return nil, fmt.Errorf("encode parameter %d: %w", i+1, err)
		}
		values[i], oids[i], formats[i] = encoded, a.oid, pgtype.BinaryFormatCode
	}
	result := conn.ExecParams(ctx, sql, values, oids, formats, []int16{pgtype.BinaryFormatCode})
	return pgx.RowsFromResultReader(types, result), nil
}

// queryRow runs a statement and scans its only row. It reports pgx.ErrNoRows where there is none.
func queryRow(ctx context.Context, conn *pgconn.PgConn, sql string, arguments []argument, into ...any) error {
	rows, err := query(ctx, conn, sql, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// execute runs a statement whose rows do not matter.
func execute(ctx context.Context, conn *pgconn.PgConn, sql string, arguments ...argument) error {
	rows, err := query(ctx, conn, sql, arguments...)
	if err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// failed words an error for the caller. One of Postgres is freed of what concerns only our own statement (its
// position and the functions it came through) and stays a *pgconn.PgError; another says what was attempted.
func failed(attempted string, err error) error {
	var raised *pgconn.PgError
	if !errors.As(err, &raised) {
		return fmt.Errorf("%s: %w", attempted, err)
	}
	clean := *raised
	clean.Position, clean.InternalPosition, clean.InternalQuery, clean.Where = 0, 0, "", ""
	return &clean
}

// refusal is an error of the registry that Postgres itself did not raise.
func refusal(code, message, hint string) *pgconn.PgError {
	return &pgconn.PgError{
		Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message, Hint: hint,
	}
}

// Texts runs a query with parameters in text form and gives its columns as Postgres writes their values.
func Texts(ctx context.Context, conn *pgconn.PgConn, sql string, params []*string, columns int) ([][]*string, error) {
	values := make([][]byte, len(params))
	oids := make([]uint32, len(params))
	for i, p := range params {
		oids[i] = pgtype.TextOID
		if p != nil {
			values[i] = []byte(*p)
		}
	}
	out := make([][]*string, columns)
	rr := conn.ExecParams(ctx, sql, values, oids, nil, nil)
	for rr.NextRow() {
		for i, b := range rr.Values() {
			var value *string
			if b != nil {
				text := string(b)
				value = &text
			}
			out[i] = append(out[i], value)
		}
	}
	if _, err := rr.Close(); err != nil {
		return nil, failed("ask the registry", err)
	}
	return out, nil
}
