package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// expectation says what is wrong with a step's result, nil where it is as it should be.
type expectation func(table) error

// all holds where every expectation does.
func all(expectations ...expectation) expectation {
	return func(t table) error {
		var errs []error
		for _, expect := range expectations {
			errs = append(errs, expect(t))
		}
		return errors.Join(errs...)
	}
}

// rows wants this many rows.
func rows(want int) expectation {
	return func(t table) error {
		if len(t.rows) != want {
			return fmt.Errorf("%d rows, want %d", len(t.rows), want)
		}
		return nil
	}
}

// atLeastRows wants that many rows or more.
func atLeastRows(want int) expectation {
	return func(t table) error {
		if len(t.rows) < want {
			return fmt.Errorf("%d rows, want at least %d", len(t.rows), want)
		}
		return nil
	}
}

// atLeastDistinct wants that many different values in a column.
func atLeastDistinct(column string, want int) expectation {
	return func(t table) error {
		values := slices.Clone(t.column(column))
		slices.Sort(values)
		if got := len(slices.Compact(values)); got < want {
			return fmt.Errorf("%s has %d different values, want at least %d", column, got, want)
		}
		return nil
	}
}

// within wants every value of a column between two bounds, these included.
func within(column string, low, high float64) expectation {
	return func(t table) error {
		values, err := t.numbers(column)
		if err != nil {
			return err
		}
		for i, value := range values {
			if !(value >= low && value <= high) { // so worded that NaN is outside
				return fmt.Errorf("%s of row %d is %v, want %v to %v", column, i+1, value, low, high)
			}
		}
		return nil
	}
}

// descending wants a column sorted from high to low.
func descending(column string) expectation {
	return func(t table) error {
		values, err := t.numbers(column)
		if err != nil {
			return err
		}
		if !slices.IsSortedFunc(values, func(a, b float64) int { return cmp.Compare(b, a) }) {
			return fmt.Errorf("%s is not in descending order: %v", column, values)
		}
		return nil
	}
}

// moreIsBetter says of each metric that a leaderboard may be ranked by which way is up.
var moreIsBetter = map[string]bool{
	"roc_auc": true, "average_precision": true, "accuracy": true, "f1": true, "gini": true, "spearman": true, "r2": true,
	"log_loss": false, "brier": false, "mae": false, "rmse": false,
}

// oneChosen wants exactly one chosen row of a leaderboard, better than the baseline by the metric it names.
func oneChosen(t table) error {
	values, err := t.numbers("value")
	if err != nil {
		return err
	}
	baselines, err := t.numbers("baseline")
	if err != nil {
		return err
	}
	chosen := -1
	for i, mark := range t.column("chosen") {
		if mark != "t" {
			continue
		}
		if chosen >= 0 {
			return errors.New("more than one algorithm is chosen")
		}
		chosen = i
	}
	if chosen < 0 {
		return errors.New("no algorithm is chosen")
	}
	metric := t.column("metric")[chosen]
	up, known := moreIsBetter[metric]
	if !known {
		return fmt.Errorf("the leaderboard is ranked by an unknown metric, %q", metric)
	}
	value, baseline := values[chosen], baselines[chosen]
	if up && !(value > baseline) || !up && !(value < baseline) { // so worded that NaN is no better
		return fmt.Errorf("%s of the chosen algorithm is %v, no better than the baseline's %v", metric, value, baseline)
	}
	return nil
}

// has wants a row whose column holds the text.
func has(column, text string) expectation {
	return func(t table) error {
		if !slices.Contains(t.column(column), text) {
			return fmt.Errorf("no row has %s %s", column, text)
		}
		return nil
	}
}

// firstOverLast wants the first row's value to exceed the last one's this many times.
func firstOverLast(column string, times float64) expectation {
	return func(t table) error {
		values, err := t.numbers(column)
		if err != nil {
			return err
		}
		if len(values) < 2 {
			return errors.New("fewer than two rows to compare")
		}
		if first, last := values[0], values[len(values)-1]; !(first > last*times) {
			return fmt.Errorf("%s goes from %s to %s, want a fall by more than %v times", column,
				strconv.FormatFloat(first, 'g', 4, 64), strconv.FormatFloat(last, 'g', 4, 64), times)
		}
		return nil
	}
}
