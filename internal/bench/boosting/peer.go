package main

import _ "embed"

// lightgbm fits LightGBM with its default parameters to the rows of a file and prints figures.
//
//go:embed lightgbm.py
var lightgbm string
