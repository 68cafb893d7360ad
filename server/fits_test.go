package server

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// The lengths wrap at 65536 parameters and at 4 GiB (CVE-2024-27304 of pgx); no memory is touched to show it.
func TestAFinalStatementThatNoMessageCarriesIsRefused(t *testing.T) {
	big := make([]byte, 1<<28)
	quarter := [][]byte{big, big, big}
	for name, c := range map[string]struct {
		final Final
		call  Call
		ok    bool
	}{
		"what fits":                      {Final{Extra: quarter}, Call{}, true},
		"1 GiB of results":               {Final{Extra: append(quarter, big)}, Call{}, false},
		"1 GiB with the client's own":    {Final{Extra: quarter}, Call{Params: [][]byte{big}}, false},
		"more than 4 GiB":                {Final{Extra: [][]byte{big, big, big, big, big, big, big, big, big, big, big, big, big, big, big, big, big}}, Call{}, false},
		"65535 parameters":               {Final{Extra: make([][]byte, 35)}, Call{Params: make([][]byte, 65500)}, true},
		"65536 parameters":               {Final{Extra: make([][]byte, 36)}, Call{Params: make([][]byte, 65500)}, false},
		"a text that takes all there is": {Final{SQL: string(make([]byte, 1<<30))}, Call{}, false},
	} {
		err := c.final.fits(c.call)
		var e *pgconn.PgError
		if (err == nil) != c.ok || err != nil && (!errors.As(err, &e) || e.Code != "54000") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
