package training_test

import (
	"context"
	"fmt"

	"cvp/engine/model"
	"cvp/engine/model/modeltest"
	"cvp/engine/training"
)

// A labelled relation is checked, parted by its key, and trained on.
func ExampleRun() {
	e := modeltest.Customers(3000, model.Class, 1)
	keys := make([]string, e.X.Rows)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	if err := training.Check(e, model.Class, "churned"); err != nil {
		fmt.Println(err)
		return
	}
	plan := training.Arrange(e, training.Split(keys, e.Y, 1))
	result, err := training.Run(context.Background(), plan, training.Request{
		Task:       model.Class,
		Algorithms: []string{"logistic", "tree"},
		Baselines:  map[string]string{"recency": "recency"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range result.Leaderboard {
		fmt.Println(row.Algorithm, row.Metric, row.Chosen, row.Value > row.Baseline)
	}
	// Output:
	// logistic roc_auc true true
	// tree roc_auc false true
	// constant roc_auc false false
	// recency roc_auc false false
}

func ExampleCheck() {
	e := modeltest.Customers(30, model.Class, 1)
	fmt.Println(training.Check(e, model.Class, "churned"))
	// Output: only 30 of 30 rows have a target "churned", at least 50 are needed
}
