package sqlfuncs

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// checkStrings refuses a statement whose text this session's Postgres cuts into tokens in another way than our grammar
// does: what the client has quoted could become SQL. It also refuses an encoding other than the engine's, in which
// keys and categories would not be those that a model was trained on.
func checkStrings(conn *pgconn.PgConn, text string) error {
	if conn.ParameterStatus("standard_conforming_strings") == "off" && strings.Contains(text, `\`) {
		return failure("0A000", "a cvp call in a statement with a backslash needs standard_conforming_strings",
			"SET standard_conforming_strings = on, or pass the text as a parameter.")
	}
	// Without a conversion the client gets what the database holds.
	encoding := conn.ParameterStatus("client_encoding")
	if encoding == "SQL_ASCII" {
		encoding = conn.ParameterStatus("server_encoding")
	}
	if encoding != "UTF8" && encoding != "SQL_ASCII" {
		return failure("0A000", fmt.Sprintf("a cvp call needs client_encoding UTF8, this session has %s", conn.ParameterStatus("client_encoding")),
			"SET client_encoding = 'UTF8'.")
	}
	return nil
}
