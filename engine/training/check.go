package training

import (
	"fmt"

	"cvp/engine/model"
)

// Least amounts of data, checked before anything is fitted.
const (
	// LeastRows is the smallest number of labelled rows.
	LeastRows = 50
	// LeastOfClass is the smallest number of rows of either class.
	LeastOfClass = 5
)

// DataError says why the rows cannot be learned from, and what to do about it.
type DataError struct {
	Message string // in the style of Postgres: lower case, no full stop
	Hint    string // a sentence, or empty
}

// Error gives the message.
func (e *DataError) Error() string { return e.Message }

// Check reports whether labelled rows can be learned from; target is what the user calls the label. Rows without a
// label have been left out before.
func Check(e *model.Examples, task model.Task, target string) error {
	n := len(e.Y)
	if n == 0 {
		return &DataError{fmt.Sprintf("%s is NULL in every row", target), "Give rows whose answer is known."}
	}
	if n < LeastRows {
		return &DataError{fmt.Sprintf("only %d rows have a value of %s", n, target),
			fmt.Sprintf("At least %d are needed; some hundreds are better.", LeastRows)}
	}
	least, most, positives := e.Y[0], e.Y[0], 0
	for _, y := range e.Y {
		least, most = min(least, y), max(most, y)
		if y == 1 {
			positives++
		}
	}
	if task == model.Class {
		return checkClasses(target, n, positives)
	}
	if least == most {
		return &DataError{fmt.Sprintf("%s is %v in each of the %d rows", target, least, n), "There is nothing to predict: choose another target."}
	}
	return nil
}

func checkClasses(target string, n, positives int) error {
	switch {
	case positives == 0 || positives == n:
		which := "negative"
		if positives > 0 {
			which = "positive"
		}
		return &DataError{fmt.Sprintf("%s has one class only: all %d rows are %s", target, n, which),
			"Give rows of both classes, or ask about a longer time."}
	case min(positives, n-positives) < LeastOfClass:
		return &DataError{fmt.Sprintf("%s has only %d rows of the rarer class among %d", target, min(positives, n-positives), n),
			fmt.Sprintf("At least %d are needed; some dozens are better.", LeastOfClass)}
	}
	return nil
}
