// Package blas decides at build time which library multiplies the engine's matrices, and says which.
//
// The default is gonum's, in Go and assembly: it needs no C compiler. With the build tag openblas (and cgo)
// it is OpenBLAS through gonum/netlib. Importing this package is enough: blas32, blas64 and gorgonia all go
// through the choice.
//
// Either way a caller that wants several cores splits its matrices over goroutines. OpenBLAS is held to one
// thread a call: its own threads would compete with the server's goroutines for the same cores, and a call
// split by rows scales better at the sizes of our models (see BenchmarkGemmThreads).
package blas

// Name says which implementation does the matrix work, for people to read.
func Name() string { return name() }
