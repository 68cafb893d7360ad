package sqlfuncs_test

import (
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Where a session has Postgres cut texts into tokens in another way than its grammar does by itself, what a client
// has quoted must not become SQL.
func TestALiteralIsNoSQLWhateverTheSessionsSettings(t *testing.T) {
	database := pgtest.Database(t)
	c := connect(t, cvptest.Through(t, database))
	c.exec(loans)
	c.exec(trainRisk)
	for _, setting := range []string{
		"SET standard_conforming_strings = off", "SET client_encoding = 'SJIS'", "SET client_encoding = 'GBK'", "SET client_encoding = 'LATIN1'",
	} {
		attacks := []string{
			// The literal ends behind "--".
			`SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE region = '\' OR true --'`,
			`SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE region = '\'; DROP TABLE loans; SELECT cvp_predict(''risk'', 1) --'`,
			`SELECT name FROM cvp_models WHERE name = '\' OR true; DROP TABLE loans; SELECT name FROM cvp_models --'`,
		}
		if !strings.Contains(setting, "strings") {
			// The last byte of the character is a backslash to who knows nothing of the encoding.
			attacks = []string{
				"SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE region = E'\x83\\' OR region = ' OR true --'",
				"SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE region = E'\x83\\'; DROP TABLE loans; --'",
			}
		}
		for _, at := range []string{"one by one", "at once"} {
			for _, sql := range attacks {
				if at == "one by one" {
					c.exec(setting)
					got, err := c.try(sql)
					if len(got) > 0 {
						t.Errorf("%s: %s: %d rows, %v", setting, sql, len(got), err)
					}
				} else if strings.Contains(setting, "strings") {
					// The answer to SET is not there yet when the attack is looked at.
					c.exec("RESET standard_conforming_strings")
					conn := c.PgConn()
					batch := conn.StartPipeline(t.Context())
					batch.SendQueryParams(setting, nil, nil, nil, nil)
					batch.SendFlushRequest()
					batch.SendQueryParams(sql, nil, nil, nil, nil)
					if err := batch.Sync(); err != nil {
						t.Fatal(err)
					}
					rows := 0
					for range 2 {
						result, err := batch.GetResults()
						if err != nil {
							break
						}
						if r, ok := result.(interface{ NextRow() bool }); ok {
							for r.NextRow() {
								rows++
							}
						}
					}
					_ = batch.Close()
					if rows > 0 {
						t.Errorf("%s, pipelined: %s: %d rows", setting, sql, rows)
					}
				}
			}
		}
		c.exec("RESET ALL")
		if got := c.rows("SELECT count(*) FROM loans"); got[0] != "1200" {
			t.Fatalf("%s: the table has %s rows", setting, got[0])
		}
		if got := c.rows("SELECT count(cvp_predict('risk', loan_id)) FROM loans"); got[0] != "1200" {
			t.Errorf("%s: afterwards %v", setting, got)
		}
	}
}
