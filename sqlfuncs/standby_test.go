package sqlfuncs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
	cluster "cvp/internal/postgres"
)

// hotStandby gives the URL of a database with loans on a Postgres that is in recovery: a primary that was stopped and
// started as a standby, which has no WAL to come.
func hotStandby(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for parent := dir; parent != os.TempDir() && len(parent) > 1; parent = filepath.Dir(parent) {
		_ = os.Chmod(parent, 0o755) // the server runs as another user than root
	}
	start := func() *cluster.Cluster {
		t.Helper()
		c, err := cluster.Start(context.Background(), cluster.Config{Dir: dir, Settings: map[string]string{"fsync": "off", "shared_buffers": "32MB"}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	stop := func(c *cluster.Cluster) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
	}
	primary := start()
	admin := connect(t, primary.URL("postgres"))
	admin.exec(loans)
	admin.exec(shop)
	_ = admin.Close(context.Background())
	stop(primary)
	signal := filepath.Join(dir, "data", "standby.signal")
	if err := os.WriteFile(signal, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(signal, 0o666); err != nil { // whatever the umask
		t.Fatal(err)
	}
	standby := start()
	t.Cleanup(func() { stop(standby) })
	return standby.URL("postgres")
}

func TestAHotStandbyIsServedWithModelsInARegistry(t *testing.T) {
	standby := hotStandby(t)
	c := connect(t, cvptest.WithRegistry(t, standby, pgtest.Database(t)))
	if got := c.rows("SELECT pg_is_in_recovery()"); got[0] != "t" {
		t.Fatal("it is no standby")
	}
	if board := c.rows("SELECT algorithm FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')"); len(board) < 2 {
		t.Fatalf("leaderboard: %v", board)
	}
	if got := c.rows("SELECT region, avg(cvp_predict('risk', loan_id)) BETWEEN 0 AND 1 FROM loans GROUP BY region ORDER BY region"); strings.Join(got, " ") != "east|t north|t south|t" {
		t.Errorf("grouped: %v", got)
	}
	if got := c.rows("SELECT cvp_predict('risk', $1::int) > 0", 7); got[0] != "t" && got[0] != "\x01" {
		t.Errorf("prepared: %q", got)
	}
	if got := c.rows("SELECT count(*) FROM cvp_predictions('risk') AS p JOIN loans ON loan_id::text = p.key WHERE decile = 1"); got[0] != "120" {
		t.Errorf("joined: %v", got)
	}
	c.rows("SELECT * FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic')")
	if got := c.rows("SELECT count(*), count(cvp_predict('churn', customer_id)) > 150 FROM customers"); !strings.HasSuffix(got[0], "|t") {
		t.Errorf("a question: %v", got)
	}
	// Errors of the engine's are raised without writing anything.
	if _, err := c.try("SELECT cvp_predict('riks', 7)"); err == nil || asPgError(err).Code != "42704" {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := c.try("CREATE TABLE scores AS SELECT loan_id, cvp_predict('risk', loan_id) AS p FROM loans"); err == nil || asPgError(err).Code != "25006" {
		t.Errorf("writing on a standby: %v", err)
	}
	if got := c.rows("SELECT version, replaced FROM cvp_deploy('risk', 1)"); got[0] != "1|1" {
		t.Errorf("deployed: %v", got)
	}
}
