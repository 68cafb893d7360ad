package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgproto3/v2"
	"github.com/jackc/pgx/v5/pgconn"
)

// AppendError appends an ErrorResponse. Severity defaults to ERROR, the code to XX000.
func AppendError(dst []byte, e *pgconn.PgError) ([]byte, error) {
	dst, err := report(e, "ERROR").Encode(dst)
	if err != nil {
		return nil, fmt.Errorf("encode ErrorResponse: %w", err)
	}
	return dst, nil
}

// AppendNotice appends a NoticeResponse. Severity defaults to NOTICE, the code to 00000.
func AppendNotice(dst []byte, n *pgconn.Notice) ([]byte, error) {
	dst, err := (*pgproto3.NoticeResponse)(report((*pgconn.PgError)(n), "NOTICE")).Encode(dst)
	if err != nil {
		return nil, fmt.Errorf("encode NoticeResponse: %w", err)
	}
	return dst, nil
}

// report turns an error as pgconn holds it into the fields of its frame.
func report(e *pgconn.PgError, severity string) *pgproto3.ErrorResponse {
	clean := func(s string) string { return strings.ReplaceAll(s, "\x00", "") }
	r := &pgproto3.ErrorResponse{
		Severity:            clean(e.Severity),
		SeverityUnlocalized: clean(e.SeverityUnlocalized),
		Code:                clean(e.Code),
		Message:             clean(e.Message),
		Detail:              clean(e.Detail),
		Hint:                clean(e.Hint),
		Position:            e.Position,
		InternalPosition:    e.InternalPosition,
		InternalQuery:       clean(e.InternalQuery),
		Where:               clean(e.Where),
		SchemaName:          clean(e.SchemaName),
		TableName:           clean(e.TableName),
		ColumnName:          clean(e.ColumnName),
		DataTypeName:        clean(e.DataTypeName),
		ConstraintName:      clean(e.ConstraintName),
		File:                clean(e.File),
		Line:                e.Line,
		Routine:             clean(e.Routine),
	}
	if r.Severity == "" {
		r.Severity = severity
	}
	if r.SeverityUnlocalized == "" {
		r.SeverityUnlocalized = r.Severity
	}
	if r.Code == "" {
		r.Code = map[string]string{"ERROR": "XX000", "FATAL": "XX000"}[r.Severity]
	}
	if r.Code == "" {
		r.Code = "00000"
	}
	if r.Message == "" {
		r.Message = "no message"
	}
	return r
}

// AppendComplete appends a CommandComplete.
func AppendComplete(dst []byte, tag string) []byte {
	dst, at := begin(dst, CommandComplete)
	return end(appendText(dst, tag), at)
}

// AppendReady appends a ReadyForQuery.
func AppendReady(dst []byte, status byte) []byte {
	return append(dst, ReadyForQuery, 0, 0, 0, 5, status)
}

// Field gives one field of the body of an ErrorResponse or NoticeResponse, "" where it has none.
func Field(body []byte, field byte) string {
	s := scan{rest: body}
	for {
		kind := s.byte()
		value := s.text()
		if s.err != nil || kind == 0 {
			return ""
		}
		if kind == field {
			return string(value)
		}
	}
}

// WithHint gives the body of an ErrorResponse with a hint in place of its own.
func WithHint(body []byte, hint string) []byte { return with(body, 'H', hint) }

// WithMessage gives the body of an ErrorResponse with a message in place of its own.
func WithMessage(body []byte, message string) []byte { return with(body, 'M', message) }

func with(body []byte, field byte, text string) []byte {
	var out []byte
	for s := (scan{rest: body}); ; {
		kind := s.byte()
		if s.err != nil || kind == 0 {
			break
		}
		value := s.text()
		if s.err != nil {
			break
		}
		if kind != field {
			out = append(append(append(out, kind), value...), 0)
		}
	}
	return append(append(append(out, field), text...), 0, 0)
}

// AppendRepositioned appends an ErrorResponse with the body given, its position replaced by what move makes of
// it; move is called only when there is a position, and drops the field by returning 0.
func AppendRepositioned(dst, body []byte, move func(int32) int32) []byte {
	dst, at := begin(dst, ErrorResponse)
	s := scan{rest: body}
	for {
		kind := s.byte()
		if s.err != nil || kind == 0 {
			break
		}
		value := s.text()
		if s.err != nil {
			break
		}
		if kind == 'P' {
			n, err := strconv.ParseInt(string(value), 10, 32)
			if err != nil {
				continue
			}
			moved := move(int32(n))
			if moved <= 0 {
				continue
			}
			value = strconv.AppendInt(nil, int64(moved), 10)
		}
		dst = append(append(append(dst, kind), value...), 0)
	}
	return end(append(dst, 0), at)
}

// FirstValue reads the first value in the body of a DataRow, nil for NULL.
func FirstValue(body []byte) ([]byte, error) {
	s := scan{rest: body}
	var value []byte
	if s.count(4) > 0 {
		if n := s.int32(); n != -1 {
			value = s.take(int(n))
		}
	}
	if s.err != nil {
		return nil, fmt.Errorf("read DataRow: %w", s.err)
	}
	return value, nil
}

// Values appends the values in the body of a DataRow to dst, nil for NULL. They alias the body.
func Values(body []byte, dst [][]byte) ([][]byte, error) {
	s := scan{rest: body}
	for range s.count(4) {
		if n := s.int32(); n != -1 {
			dst = append(dst, s.take(int(n)))
		} else {
			dst = append(dst, nil)
		}
	}
	if err := s.done(); err != nil {
		return dst, fmt.Errorf("read DataRow: %w", err)
	}
	return dst, nil
}

// Parameter reads the body of a ParameterStatus.
func Parameter(body []byte) (name, value string, err error) {
	s := scan{rest: body}
	n, v := s.text(), s.text()
	if err := s.done(); err != nil {
		return "", "", fmt.Errorf("read ParameterStatus: %w", err)
	}
	return string(n), string(v), nil
}

// ParameterTypes reads the body of a ParameterDescription.
func ParameterTypes(body []byte) ([]uint32, error) {
	s := scan{rest: body}
	oids := make([]uint32, s.count(4))
	for i := range oids {
		oids[i] = uint32(s.int32())
	}
	if err := s.done(); err != nil {
		return nil, fmt.Errorf("read ParameterDescription: %w", err)
	}
	return oids, nil
}

// Columns reads the body of a RowDescription.
func Columns(body []byte) ([]pgproto3.FieldDescription, error) {
	var d pgproto3.RowDescription
	if err := d.Decode(body); err != nil {
		return nil, fmt.Errorf("read RowDescription: %w", err)
	}
	return d.Fields, nil
}

// AppendColumns appends a RowDescription.
func AppendColumns(dst []byte, columns []pgproto3.FieldDescription) ([]byte, error) {
	dst, err := (&pgproto3.RowDescription{Fields: columns}).Encode(dst)
	if err != nil {
		return nil, fmt.Errorf("encode RowDescription: %w", err)
	}
	return dst, nil
}

// CancelKey reads the body of a BackendKeyData: a process and its secret, of 4 bytes in protocol 3.0 and up to
// 256 in 3.2.
func CancelKey(body []byte) (pid uint32, secret []byte, err error) {
	if len(body) < 8 || len(body) > 4+256 {
		return 0, nil, errors.New("read BackendKeyData: invalid length")
	}
	return binary.BigEndian.Uint32(body), body[4:], nil
}
