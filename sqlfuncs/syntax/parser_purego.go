//go:build !cgo

package syntax

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	wasm "github.com/wasilibs/go-pgquery"
)

// Parser names the build of the Postgres grammar in use.
const Parser = "libpg_query (WebAssembly)"

func parse(sql string) (*pg.ParseResult, error)    { return wasm.Parse(sql) }
func deparse(tree *pg.ParseResult) (string, error) { return wasm.Deparse(tree) }
func scan(sql string) (*pg.ScanResult, error)      { return wasm.Scan(sql) }
