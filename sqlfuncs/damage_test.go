package sqlfuncs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"testing"
	"time"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// integer is a whole number of an artifact's JSON.
var integer = regexp.MustCompile(`[:\[,]-?[0-9]{1,9}[,\]}]`)

// damaged gives variants of an artifact: numbers that are far off, bytes that are others, an early end.
func damaged(random *rand.Rand, artifact []byte, n int) [][]byte {
	var out [][]byte
	at := integer.FindAllIndex(artifact, -1)
	for range n {
		b := append([]byte(nil), artifact...)
		switch random.IntN(4) {
		case 0:
			b[random.IntN(len(b))] ^= 1 << random.IntN(7)
		case 1:
			b = b[:random.IntN(len(b))]
		default:
			if len(at) == 0 {
				continue
			}
			m := at[random.IntN(len(at))]
			off := []string{"-1", "0", "1", "-2147483648", "50000000", "1e9", "65536", "9223372036854775807"}[random.IntN(8)]
			b = append(append(append([]byte(nil), b[:m[0]+1]...), off...), artifact[m[1]-1:]...)
		}
		out = append(out, b)
	}
	return out
}

// Any role may put any artifact into its own model. A call that meets a bad one may fail or be wrong; the process, the
// session and its memory must not suffer.
func TestADamagedArtifactEndsNothingButItsCall(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans + shop)
	trainings := map[string]string{
		"linear": "SELECT * FROM cvp_train('linear', relation => 'loans', target => 'defaulted', algorithm => 'logistic')",
		"tree":   "SELECT * FROM cvp_train('tree', relation => 'loans', target => 'defaulted', algorithm => 'tree')",
		"mlp":    `SELECT * FROM cvp_train('mlp', relation => 'loans', target => 'defaulted', algorithm => 'mlp', options => '{"hidden": [4], "epochs": 2}')`,
		"churn":  "SELECT * FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'tree')",
	}
	random := rand.New(rand.NewPCG(3, 4))
	for name, train := range trainings {
		c.exec(train)
		var artifact []byte
		if err := c.QueryRow(context.Background(), "SELECT artifact FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id WHERE m.name = $1", name).Scan(&artifact); err != nil {
			t.Fatal(err)
		}
		c.exec("UPDATE cvp.versions AS v SET deployed = true FROM cvp.models AS m WHERE m.id = v.model_id AND m.name = $1", name)
		score := fmt.Sprintf("SELECT count(prediction) FROM cvp_predictions('%s')", name)
		whole := c.rows(score)
		for _, b := range damaged(random, artifact, 40) {
			c.exec(`UPDATE cvp.versions AS v SET id = gen_random_uuid(), artifact = $2 FROM cvp.models AS m WHERE m.id = v.model_id AND m.name = $1
				AND NOT EXISTS (SELECT FROM cvp.metrics AS q WHERE q.version_id = v.id)`, name, b)
			c.exec("DELETE FROM cvp.metrics; DELETE FROM cvp.leaderboard; DELETE FROM cvp.runs")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got, err := c.try(score)
			runtime.ReadMemStats(&after)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%s: %v for %.300q", name, took, b)
			}
			if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 150 {
				t.Errorf("%s: %d MiB for %.300q: %v, %v", name, grown, b, got, err)
			}
		}
		c.exec(`UPDATE cvp.versions AS v SET id = gen_random_uuid(), artifact = $2 FROM cvp.models AS m WHERE m.id = v.model_id AND m.name = $1`, name, artifact)
		if got := c.rows(score); got[0] != whole[0] {
			t.Errorf("%s: the whole artifact gives %v, want %v", name, got, whole)
		}
	}
}
