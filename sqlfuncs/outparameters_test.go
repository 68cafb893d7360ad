package sqlfuncs_test

import (
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// pgjdbc writes {? = call cvp_predict(?, ?)} as a call of three arguments, of which Postgres drops the first for its type.
func TestAParameterOfTypeVoidIsNoArgument(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec(trainRisk)
	want := c.rows("SELECT cvp_predict('risk', 7)")[0]
	for _, sql := range []string{"SELECT cvp_predict($1, $2, $3)", "select * from cvp_predict($1,$2,$3) as result"} {
		for range 3 {
			got := c.PgConn().ExecParams(t.Context(), sql, [][]byte{nil, []byte("risk"), []byte("7")}, []uint32{2278, 25, 23}, nil, nil).Read()
			if got.Err != nil || len(got.Rows) != 1 || string(got.Rows[0][0]) != want {
				t.Errorf("%s gives %s, want %s: %v", sql, got.Rows, want, got.Err)
			}
		}
	}
}
