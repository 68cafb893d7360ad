package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// table is a statement's result in text, as a client shows it.
type table struct {
	columns []string
	right   []bool // numbers are set flush right
	rows    [][]string
}

// newTable reads a result to its end; an error is the reader's to tell. Floats are cut to four places after the
// point, as nobody reads more.
func newTable(result *pgconn.ResultReader) table {
	var t table
	fields := result.FieldDescriptions()
	for _, field := range fields {
		t.columns = append(t.columns, field.Name)
		t.right = append(t.right, isNumber(field.DataTypeOID))
	}
	for result.NextRow() {
		values := result.Values()
		cells := make([]string, len(values))
		for i, value := range values {
			cells[i] = cell(value, fields[i].DataTypeOID)
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

func isNumber(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		return true
	}
	return false
}

func cell(value []byte, oid uint32) string {
	switch oid {
	case pgtype.Float4OID, pgtype.Float8OID:
		if f, err := strconv.ParseFloat(string(value), 64); err == nil {
			return strconv.FormatFloat(f, 'f', 4, 64)
		}
	}
	return string(value)
}

// column gives the values of a named column, none where there is no such column.
func (t table) column(name string) []string {
	for i, column := range t.columns {
		if column != name {
			continue
		}
		values := make([]string, len(t.rows))
		for j, row := range t.rows {
			values[j] = row[i]
		}
		return values
	}
	return nil
}

// numbers gives a named column as numbers; an empty or other text is an error.
func (t table) numbers(name string) ([]float64, error) {
	texts := t.column(name)
	if texts == nil && len(t.rows) > 0 {
		return nil, fmt.Errorf("there is no column %s", name)
	}
	values := make([]float64, len(texts))
	for i, text := range texts {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("column %s of row %d is %q, not a number", name, i+1, text)
		}
		values[i] = value
	}
	return values, nil
}

// write prints the table as psql does.
func (t table) write(w io.Writer) {
	widths := make([]int, len(t.columns))
	for i, column := range t.columns {
		widths[i] = utf8.RuneCountInString(column)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var rule []string
	for _, width := range widths {
		rule = append(rule, strings.Repeat("-", width+2))
	}
	t.writeRow(w, widths, t.columns)
	fmt.Fprintln(w, strings.Join(rule, "+"))
	for _, row := range t.rows {
		t.writeRow(w, widths, row)
	}
	if len(t.rows) == 1 {
		fmt.Fprintln(w, "(1 row)")
		return
	}
	fmt.Fprintf(w, "(%d rows)\n", len(t.rows))
}

func (t table) writeRow(w io.Writer, widths []int, cells []string) {
	padded := make([]string, len(cells))
	for i, cell := range cells {
		space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if t.right[i] {
			padded[i] = " " + space + cell
		} else {
			padded[i] = " " + cell + space
		}
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(padded, " |"), " "))
}
