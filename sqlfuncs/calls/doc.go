// Package calls finds the cvp calls of a query string and gives Postgres a text that it can parse: names of
// cvp's functions and views get their schema, and nothing else of the text changes, so an error position in it
// maps back to the client's text exactly.
package calls
