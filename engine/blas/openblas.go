//go:build openblas && cgo

package blas

/*
#cgo LDFLAGS: -lopenblas
extern void openblas_set_num_threads(int);
extern char *openblas_get_config(void);
extern char *openblas_get_corename(void);
*/
import "C"

import (
	"fmt"
	"strings"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/netlib/blas/netlib"
	"gorgonia.org/gorgonia"
)

// init hands the library to those that multiply. It is the one place where that is done: gonum and gorgonia
// keep their choice of BLAS in a variable of their own, which must be set before the first use.
func init() {
	C.openblas_set_num_threads(1)
	blas32.Use(netlib.Implementation{})
	blas64.Use(netlib.Implementation{})
	gorgonia.Use(netlib.Implementation{})
}

func name() string {
	config := strings.Fields(C.GoString(C.openblas_get_config()))
	version := ""
	if len(config) > 1 && config[0] == "OpenBLAS" {
		version = " " + config[1]
	}
	return fmt.Sprintf("OpenBLAS%s (%s)", version, C.GoString(C.openblas_get_corename()))
}
