package catalog_test

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/engine/model"
)

// A training is stored in the client's own transaction; afterwards its name stands for the deployed version.
func Example() {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, os.Getenv("CVP_TEST_POSTGRES"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "BEGIN").ReadAll(); err != nil {
		fmt.Println(err)
		return
	}
	if err := catalog.Install(ctx, conn); err != nil {
		fmt.Println(err)
		return
	}
	number, err := catalog.Save(ctx, conn, catalog.NewVersion{
		Description: catalog.Description{
			Name: "churn", Kind: catalog.Relation, Relation: "customers", Target: "left_us",
			Algorithm: "tree", Task: model.Class, Metric: "roc_auc", Value: 0.8, Baseline: 0.5, HigherBetter: true, Rows: 1000,
		},
		Artifact: []byte("what the engine has encoded"),
		Deploy:   true,
	})
	fmt.Println(number, err)

	models := catalog.NewCache[[]byte](64 << 20)
	version, err := catalog.Resolve(ctx, conn, "churn@live")
	if err != nil {
		fmt.Println(err)
		return
	}
	artifact, cached := models.Get(version.ID)
	if !cached {
		if artifact, err = catalog.Artifact(ctx, conn, version.ID); err != nil {
			fmt.Println(err)
			return
		}
		models.Put(version.ID, artifact, int64(len(artifact)))
	}
	fmt.Printf("%s@%d %s %.2f: %s\n", version.Name, version.Version, version.Metric, version.Value, artifact)
	// Output:
	// 1 <nil>
	// churn@1 roc_auc 0.80: what the engine has encoded
}
