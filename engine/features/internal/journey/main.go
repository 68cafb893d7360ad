// Command journey computes the features of the Complete Journey tasks for the cutoffs of the benchmark and writes
// them as NumPy arrays, so that other programs can fit their models on them. It also times each step.
//
//	go run ./engine/features/internal/journey -data DIR -task churn30 -out DIR
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"cvp/engine/features"
	"cvp/engine/frame"
)

func main() {
	data := flag.String("data", os.Getenv("CVP_JOURNEY"), "folder with the gzip CSV files of Complete Journey (default $CVP_JOURNEY)")
	task := flag.String("task", "churn30", "churn30, cat30 or spend60")
	category := flag.String("category", "BEERS/ALES", "product category of cat30")
	out := flag.String("out", "", "folder for the arrays; none: only time")
	threads := flag.Int("threads", 0, "goroutines, 0: all processors")
	flag.Parse()
	if err := run(*data, *task, *category, *out, *threads); err != nil {
		fmt.Fprintln(os.Stderr, "journey:", err)
		os.Exit(1)
	}
}

// question is one task of the benchmark.
type question struct {
	target features.Target
	match  string // product category that a row must have to match, "" for none
	value  string
}

func questionOf(task, category string) (question, error) {
	day := 24 * time.Hour
	switch task {
	case "churn30":
		return question{target: features.Target{Aggregate: features.Count, Compare: "=", Horizon: 30 * day}}, nil
	case "cat30":
		return question{target: features.Target{Aggregate: features.Exists, Horizon: 30 * day}, match: category}, nil
	case "spend60":
		return question{target: features.Target{Aggregate: features.Sum, Horizon: 60 * day}, value: "sales_value"}, nil
	}
	return question{}, fmt.Errorf("unknown task \"%s\"", task)
}

// cutoffs are those of the benchmark: every 28 days from May 2017 as far as the label window ends by the test cutoff.
func cutoffs(horizon time.Duration) (train []int64, test int64) {
	at := time.Date(2017, 11, 1, 0, 0, 0, 0, time.UTC)
	for c := time.Date(2017, 5, 1, 0, 0, 0, 0, time.UTC); !c.Add(horizon).After(at); c = c.AddDate(0, 0, 28) {
		train = append(train, c.UnixMicro())
	}
	return train, at.UnixMicro()
}

func run(data, task, category, out string, threads int) error {
	q, err := questionOf(task, category)
	if err != nil {
		return err
	}
	if data == "" {
		return fmt.Errorf("name the data folder with -data or CVP_JOURNEY")
	}
	events, demographics, err := read(data, q.match)
	if err != nil {
		return err
	}
	roles := features.Roles{Entity: "household_id", Time: "transaction_timestamp", Group: "basket_id", Value: q.value}
	if q.match != "" {
		roles.Match = "match"
	}
	start := time.Now()
	ev, err := features.NewEvents(events, roles)
	if err != nil {
		return err
	}
	sorted := time.Since(start)
	attrs, err := features.NewAttributes(demographics, "household_id")
	if err != nil {
		return err
	}
	tables := features.NewTables(ev, attrs)
	train, test := cutoffs(q.target.Horizon)
	start = time.Now()
	spec, err := features.Learn(tables, q.target, train, features.Options{})
	if err != nil {
		return err
	}
	learned := time.Since(start)
	spec.Threads = threads
	points := append(ev.PointsAt(train), ev.SeenBefore(test)...)
	start = time.Now()
	x, err := spec.Compute(context.Background(), tables, points)
	if err != nil {
		return err
	}
	computed := time.Since(start)
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	fmt.Printf("rows %d, sort %v, learn %v, compute %v: %d points x %d features, %.1f M events/s per 50 features; memory from system %d MiB\n",
		ev.Rows(), sorted, learned, computed, x.Rows, len(x.Columns),
		float64(ev.Rows())/1e6/computed.Seconds()*float64(len(x.Columns))/50, mem.Sys>>20)
	if out == "" {
		return nil
	}
	return write(out, spec, x, q.target.Labels(ev, points), points, test)
}

// write stores x, y, whether each row is of the test, and the spec.
func write(out string, spec *features.Spec, x *frame.Frame, y []float32, points []features.Point, test int64) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	rows := make([]float32, 0, x.Rows*len(x.Columns))
	isTest := make([]float32, x.Rows)
	for i := range x.Rows {
		for _, c := range x.Columns {
			if c.Kind == frame.Category {
				rows = append(rows, float32(c.Codes[i]))
			} else {
				rows = append(rows, c.Numbers[i])
			}
		}
		if points[i].Cutoff == test {
			isTest[i] = 1
		}
	}
	var names []string
	for _, c := range x.Columns {
		names = append(names, c.Name)
	}
	described, err := json.MarshalIndent(map[string]any{"columns": names, "spec": spec}, "", " ")
	if err != nil {
		return err
	}
	return firstError(
		writeArray(filepath.Join(out, "x.npy"), rows, x.Rows, len(x.Columns)),
		writeArray(filepath.Join(out, "y.npy"), y, len(y)),
		writeArray(filepath.Join(out, "test.npy"), isTest, len(isTest)),
		os.WriteFile(filepath.Join(out, "spec.json"), described, 0o644),
	)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
