package engine

import (
	"fmt"
	"slices"
	"strings"

	"cvp/engine/model"
	"cvp/engine/models/gbdt"
	"cvp/engine/models/linear"
	"cvp/engine/models/mlp"
	"cvp/engine/models/tree"
)

// Auto is the name that stands for every algorithm that serves the task.
const Auto = "auto"

// Algorithms lists what can be trained, the quickest first.
func Algorithms() []model.Algorithm {
	return []model.Algorithm{linear.Logistic{}, linear.Linear{}, tree.Tree{}, gbdt.Boosting{}, gbdt.Forest{}, mlp.New()}
}

// Algorithm finds an algorithm by its name. The error is an *UnknownError.
func Algorithm(name string) (model.Algorithm, error) {
	var names []string
	for _, a := range Algorithms() {
		if a.Name() == name {
			return a, nil
		}
		names = append(names, a.Name())
	}
	return nil, &UnknownError{What: "algorithm", Name: name, Known: append(names, Auto)}
}

// Select gives the algorithms of those names for a task; "auto", or none, stands for all that serve it. The
// error is an *UnknownError, or a *TaskError where an algorithm was named that does not serve the task.
func Select(task model.Task, names []string) ([]model.Algorithm, error) {
	if len(names) == 0 {
		names = []string{Auto}
	}
	var out []model.Algorithm
	add := func(a model.Algorithm) {
		if !slices.ContainsFunc(out, func(b model.Algorithm) bool { return a.Name() == b.Name() }) {
			out = append(out, a)
		}
	}
	for _, name := range names {
		if name == Auto {
			for _, a := range serving(task) {
				add(a)
			}
			continue
		}
		a, err := Algorithm(name)
		if err != nil {
			return nil, err
		}
		if !a.Serves(task) {
			return nil, &TaskError{Algorithm: name, Task: task}
		}
		add(a)
	}
	return out, nil
}

func serving(task model.Task) []model.Algorithm {
	return slices.DeleteFunc(Algorithms(), func(a model.Algorithm) bool { return !a.Serves(task) })
}

// UnknownError is a name that does not exist.
type UnknownError struct {
	What  string // "algorithm", "option"
	Name  string
	Known []string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("%s %q does not exist", e.What, e.Name) }

// Hint names the nearest right name, and all of them.
func (e *UnknownError) Hint() string {
	if near := nearest(e.Name, e.Known); near != "" {
		return fmt.Sprintf("Perhaps you meant %q. There are: %s.", near, strings.Join(e.Known, ", "))
	}
	return fmt.Sprintf("There are: %s.", strings.Join(e.Known, ", "))
}

// TaskError is an algorithm asked for a task that it does not serve.
type TaskError struct {
	Algorithm string
	Task      model.Task
}

func (e *TaskError) Error() string {
	return fmt.Sprintf("algorithm %q does not predict a %s", e.Algorithm, e.Task)
}

// Hint names the algorithms that do.
func (e *TaskError) Hint() string {
	var names []string
	for _, a := range serving(e.Task) {
		names = append(names, a.Name())
	}
	return fmt.Sprintf("For a %s there are: %s.", e.Task, strings.Join(append(names, Auto), ", "))
}

// nearest is the known name that fewest changes of a letter turn the given one into, "" where more than a
// third of its letters would have to change.
func nearest(name string, known []string) string {
	best, least := "", len(name)/3+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), k); d <= least && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
