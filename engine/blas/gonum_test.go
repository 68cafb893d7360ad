//go:build !(openblas && cgo)

package blas_test

func implementationName() string { return "gonum" }
