package main

import (
	"context"
	"math/rand/v2"
)

// work is one thing that a client does with its connection, judging every answer.
type work struct {
	name   string
	weight int // how often it is chosen
	do     func(ctx context.Context, c *client) error
}

// works are all of them.
var works = []work{
	{"simple query", 10, simpleQuery},
	{"echo of values", 10, echoValues},
	{"prepared statement", 8, preparedStatement},
	{"batch", 8, batch},
	{"failing batch", 4, failingBatch},
	{"pipeline", 8, pipeline},
	{"portal", 8, portal},
	{"cursor", 4, cursor},
	{"errors", 6, errorsOnPurpose},
	{"transfer", 16, transfer},
	{"audit", 6, audit},
	{"copy", 6, copyBothWays},
	{"failing copy", 4, failingCopy},
	{"large result", 1, largeResult},
	{"large value", 1, largeValue},
	{"notify", 5, notify},
	{"cancel", 4, cancel},
	{"second session", 3, secondSession},
	{"predict", 8, predict},
	{"predict in a pipeline", 5, predictInPipeline},
	{"predict in a portal", 3, predictInPortal},
	{"train", 1, train},
}

// choose picks a work by weight.
func choose(r *rand.Rand) work {
	total := 0
	for _, w := range works {
		total += w.weight
	}
	n := r.IntN(total)
	for _, w := range works {
		if n -= w.weight; n < 0 {
			return w
		}
	}
	panic("unreachable: the weights add up to the total")
}
