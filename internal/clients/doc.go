// Package clients holds tests alone: other people's clients, driven for real through a server with calls of cvp in what they
// ask. Each compares with the table expected, which holds the same predictions computed beforehand.
//
// The Python clients live in a virtual environment in the user's cache directory, which the first test makes from PyPI
// (testdata/requirements.txt).
package clients
