// Package testdata carries real customers and their purchases: Online Retail II and CDNOW. The demo and the
// tests load them into a Postgres. Origin, licence and changes stand beside the files.
package testdata

import "embed"

//go:embed online_retail_ii cdnow
var files embed.FS
