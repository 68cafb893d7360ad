//go:build cgo

package syntax

import pg "github.com/pganalyze/pg_query_go/v6"

// Parser names the build of the Postgres grammar in use.
const Parser = "libpg_query (cgo)"

func parse(sql string) (*pg.ParseResult, error)    { return pg.Parse(sql) }
func deparse(tree *pg.ParseResult) (string, error) { return pg.Deparse(tree) }
func scan(sql string) (*pg.ScanResult, error)      { return pg.Scan(sql) }
