package deps

import (
	_ "github.com/alecthomas/kong"
	_ "github.com/fergusstrange/embedded-postgres"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgproto3/v2"
	_ "github.com/jackc/pgx/v5"
	_ "github.com/pganalyze/pg_query_go/v6"
	_ "github.com/wasilibs/go-pgquery"
	_ "go.uber.org/goleak"
	_ "gonum.org/v1/gonum/optimize"
	_ "gonum.org/v1/netlib/blas/netlib"
	_ "gorgonia.org/gorgonia"
)
