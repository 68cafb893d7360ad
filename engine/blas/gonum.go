//go:build !(openblas && cgo)

package blas

func name() string { return "gonum (pure Go)" }
