package server

import (
	"fmt"
	"math"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// fits refuses a final statement that no message can carry: Postgres would end the session over it and, beyond
// 4 GiB or 65535 parameters, the length fields would wrap and the rest be read as other messages (compare
// CVE-2024-27304 of pgx).
func (f *Final) fits(call Call) error {
	params := len(call.Params) + len(f.Extra)
	if params > math.MaxUint16 {
		return &pgconn.PgError{Code: programLimitExceeded, Message: fmt.Sprintf("the results of the cvp calls make %d parameters, a statement takes at most %d", params, math.MaxUint16)}
	}
	size := int64(len(f.SQL)) + int64(8*params) + 64
	for _, values := range [][][]byte{call.Params, f.Extra} {
		for _, v := range values {
			size += int64(len(v))
		}
	}
	if size > frame.MaxBody {
		return &pgconn.PgError{Code: programLimitExceeded, Message: fmt.Sprintf("the results of the cvp calls take %d bytes, a statement takes at most %d", size, frame.MaxBody),
			Hint: "Ask for fewer keys at a time."}
	}
	return nil
}
