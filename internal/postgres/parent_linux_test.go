package postgres_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/postgres"
)

// parentDir asks this test binary, started again as a child, to be the parent that is killed.
const parentDir = "CVP_TEST_PARENT_DIR"

func TestTheServerDiesWithAParentThatIsKilled(t *testing.T) {
	if dir := os.Getenv(parentDir); dir != "" {
		beKilledParent(t, dir)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), parentDir+"="+clusterDir(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent gave no URL: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, strings.TrimSpace(url))
		if ctx.Err() != nil {
			t.Fatal("the server still runs 20 s after its parent was killed")
		}
		if err != nil && strings.Contains(err.Error(), "connection refused") {
			return
		}
		if err == nil {
			_ = conn.Close(ctx)
		}
		time.Sleep(50 * time.Millisecond) // poll: there is nobody left to tell us
	}
}

// beKilledParent starts a cluster, says where, and waits for its end.
func beKilledParent(t *testing.T, dir string) {
	cluster, err := postgres.Start(context.Background(), postgres.Config{Dir: dir, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString(cluster.URL("postgres") + "\n")
	select {}
}
