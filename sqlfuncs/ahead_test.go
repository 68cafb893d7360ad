package sqlfuncs_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// tripCounter relays connections to a database and counts round trips: bytes towards it behind bytes that came from it.
type tripCounter struct {
	trips atomic.Int64
	url   string // of the database through it
}

func countTrips(t *testing.T, database string) *tripCounter {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	target := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	u.Host = l.Addr().String()
	c := &tripCounter{url: u.String()}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.relay(near, target)
		}
	}()
	return c
}

func (c *tripCounter) relay(near net.Conn, target string) {
	defer near.Close()
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	var answered atomic.Bool
	answered.Store(true)
	go func() {
		defer near.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			answered.Store(true)
			if _, err := near.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := near.Read(b)
		if err != nil {
			return
		}
		if answered.Swap(false) {
			c.trips.Add(1)
		}
		if _, err := far.Write(b[:n]); err != nil {
			return
		}
	}
}

// during counts the round trips of a function.
func (c *tripCounter) during(f func()) int64 {
	before := c.trips.Load()
	f()
	return c.trips.Load() - before
}

// repeating is a session that executes a prepared statement again and again.
type repeating struct {
	*client
	sql     string
	counter *tripCounter
}

// oneKey asks for the score of one key.
const oneKey = "SELECT loan_id, age, cvp_predict('risk', loan_id) FROM loans WHERE loan_id = $1"

// warm executes the statement until it is executed ahead.
func (r *repeating) warm() {
	r.t.Helper()
	for i := range 3 {
		r.rows(r.sql, i+1)
	}
	if n := r.counter.during(func() { r.rows(r.sql, 9) }); n != 2 {
		r.t.Fatalf("%s: an execution takes %d round trips, want 2", r.sql, n)
	}
}

var fresh atomic.Int64

// compare executes the statement once more, and the same as a new statement, which has to be prepared.
func (r *repeating) compare(args ...any) {
	r.t.Helper()
	got, err := r.try(r.sql, args...)
	want, native := r.try(fmt.Sprintf("%s -- %d", r.sql, fresh.Add(1)), args...)
	if !slices.Equal(got, want) || !sameError(err, native) {
		r.t.Errorf("%s %v: %q, %v, want %q, %v", r.sql, args, got, err, want, native)
	}
}

func sameError(a, b error) bool {
	x, y := asPgError(a), asPgError(b)
	if x == nil || y == nil {
		return (a == nil) == (b == nil)
	}
	return x.Code == y.Code && x.Message == y.Message && x.Detail == y.Detail && x.Hint == y.Hint && x.Position == y.Position
}

// aheadStand is a database with a model of three versions, behind a counter and a server.
func aheadStand(t *testing.T) (counter *tripCounter, through string) {
	t.Helper()
	counter = countTrips(t, pgtest.Database(t))
	through = cvptest.Through(t, counter.url)
	c := connect(t, through)
	c.exec(loans)
	for _, features := range []string{"seen", "age", "income"} {
		c.exec(fmt.Sprintf("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic', options => '{\"exclude\": [%q]}')", features))
	}
	c.exec("SELECT cvp_deploy('risk', 1)")
	return counter, through
}

// Whatever happens between two executions, the second one gives what a statement gives that was never executed before.
func TestAStatementExecutedAgainGivesWhatANewOneGives(t *testing.T) {
	counter, through := aheadStand(t)
	other := connect(t, through) // so that a deployment is another session's
	all := connect(t, through)
	for _, test := range []struct {
		name   string
		own    string // what the session itself does, and
		others string // what another one does, in between
		undo   string // by the other one
		never  bool   // it is not executed ahead from then on
		stale  string // SQLSTATE that the statement fails with the first time, as Postgres has it of any prepared statement
	}{
		{name: "nothing"},
		{name: "another version is deployed", others: "SELECT cvp_deploy('risk', 2)", undo: "SELECT cvp_deploy('risk', 1)"},
		{name: "the row is changed", others: "UPDATE loans SET age = 77 WHERE loan_id = 7"},
		{name: "the row is deleted", others: "DELETE FROM loans WHERE loan_id = 7"},
		{name: "a column is added", others: "ALTER TABLE loans ADD extra int"},
		{name: "a feature's type is changed", others: "ALTER TABLE loans ALTER income TYPE float8", undo: "ALTER TABLE loans ALTER income TYPE numeric(12,2)", never: true},
		{name: "a feature is of another kind", others: "ALTER TABLE loans ALTER income TYPE text", undo: "ALTER TABLE loans ALTER income TYPE numeric(12,2) USING income::numeric", never: true},
		{name: "a selected column's type is changed", others: "ALTER TABLE loans ALTER age TYPE bigint", undo: "ALTER TABLE loans ALTER age TYPE int", never: true, stale: "0A000"},
		{name: "a feature is gone", others: "ALTER TABLE loans RENAME income TO earned", undo: "ALTER TABLE loans RENAME earned TO income", never: true},
		{name: "the index is gone", others: "ALTER TABLE loans DROP CONSTRAINT loans_pkey", undo: "ALTER TABLE loans ADD PRIMARY KEY (loan_id)"},
		{name: "our statements are gone", own: `DO $$ DECLARE n text; BEGIN
			FOR n IN SELECT name FROM pg_prepared_statements WHERE name LIKE 'cvp-%' LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END $$`},
		{name: "one of our statements is gone", own: `DO $$ DECLARE n text; BEGIN
			FOR n IN SELECT name FROM pg_prepared_statements WHERE statement LIKE '%cvp_relation%' LIMIT 1 LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END $$`},
		{name: "every transaction is serializable", own: "SET default_transaction_isolation = serializable"},
		{name: "every transaction is read-only", own: "SET default_transaction_read_only = on"},
		{name: "timeouts are set", own: "SET statement_timeout = '1min'; SET idle_in_transaction_session_timeout = '1min'; SET lock_timeout = '1min'"},
		{name: "another table of that name is found first", own: "CREATE SCHEMA other; CREATE TABLE other.loans AS SELECT loan_id + 1 AS loan_id, age FROM loans; SET search_path = other, public"},
		{name: "another = is found first", never: true, own: `CREATE SCHEMA strange; CREATE FUNCTION strange.never(int, int) RETURNS bool LANGUAGE sql AS 'SELECT $1 OPERATOR(pg_catalog.=) $2 + 1';
			CREATE OPERATOR strange.= (FUNCTION = strange.never, LEFTARG = int, RIGHTARG = int); SET search_path = strange, pg_catalog, public`},
		{name: "the client's encoding is another", own: "SET client_encoding = latin1", never: true},
		{name: "a temporary table hides the relation", own: "CREATE TEMP TABLE loans AS SELECT loan_id, 1 AS age FROM public.loans WHERE loan_id < 100"},
		{name: "a plan is made for each execution", own: "SET plan_cache_mode = force_custom_plan"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &repeating{client: connect(t, through), sql: oneKey, counter: counter}
			r.warm()
			if test.own != "" {
				r.exec(test.own, pgx.QueryExecModeSimpleProtocol)
			}
			if test.others != "" {
				other.exec(test.others)
			}
			if test.stale != "" {
				if _, err := r.try(oneKey, 7); asPgError(err) == nil || asPgError(err).Code != test.stale {
					t.Errorf("%v, want %s", err, test.stale)
				}
			}
			for _, key := range []any{7, 7, 1200, 1201, -5, nil, 7} {
				r.compare(key)
			}
			if !test.never {
				r.warm()
			}
			if test.undo != "" {
				other.exec(test.undo)
			}
			if got := r.PgConn().TxStatus(); got != 'I' {
				t.Errorf("the session is left in state %c", got)
			}
		})
	}
	all.exec("SELECT cvp_drop_model('risk')")
	r := &repeating{client: all, sql: oneKey, counter: counter}
	r.compare(7)
}

func TestShapesOfStatementsExecutedAgain(t *testing.T) {
	counter, through := aheadStand(t)
	c := connect(t, through)
	c.exec("CREATE TABLE named AS SELECT 'k' || loan_id AS name, * FROM loans; ALTER TABLE named ADD PRIMARY KEY (name)")
	c.exec("SELECT * FROM cvp_train('by_name', relation => 'named', target => 'defaulted', key => 'name', algorithm => 'logistic'); SELECT cvp_deploy('by_name', 1)")
	for _, test := range []struct {
		sql  string
		args [][]any
		two  bool // round trips
	}{
		{"SELECT cvp_predict('risk', 7), $1::int", [][]any{{1}}, true},
		{"SELECT cvp_predict('risk@2', $1::int)", [][]any{{7}, {8}, {-1}, {nil}}, true},
		{"SELECT cvp_predict('risk@live', $1::bigint) + $2::float8", [][]any{{7, 1.5}, {8, nil}}, true},
		{"SELECT cvp_predict('risk', $1::int) - cvp_predict('risk', $2::int)", [][]any{{7, 8}, {8, 7}, {8, nil}, {1, 9999}}, true},
		{"SELECT loan_id, region FROM loans WHERE loan_id = $1 AND cvp_predict('risk', loan_id) > $2", [][]any{{7, 0.0}, {7, 1.0}}, false},
		{"SELECT count(*) FROM loans WHERE loan_id = $1 AND cvp_predict('risk', loan_id) > 0", [][]any{{7}, {-7}}, false},
		{"SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE loan_id = $1 FOR UPDATE", [][]any{{7}, {8}}, false},
		{"UPDATE loans SET age = age WHERE loan_id = $1 RETURNING cvp_predict('risk', loan_id)", [][]any{{7}, {8}}, false},
		{"SELECT cvp_predict('by_name', $1::text)", [][]any{{"k7"}, {"k8"}, {"nobody"}, {nil}, {""}}, false},
		{"SELECT name, cvp_predict('by_name', name) FROM named WHERE name = $1", [][]any{{"k7"}, {"nobody"}, {nil}}, false},
		{"SELECT cvp_predict('risk', $1::numeric)", [][]any{{pgtype.Numeric{Int: nil, Valid: false}}}, false},
		{"SELECT 'back\\slash', cvp_predict('risk', $1::int)", [][]any{{7}, {8}}, false},
	} {
		t.Run(test.sql, func(t *testing.T) {
			r := &repeating{client: connect(t, through), sql: test.sql, counter: counter}
			for range 3 {
				for _, args := range test.args {
					r.compare(args...)
				}
			}
			n := counter.during(func() { r.rows(test.sql, test.args[0]...) })
			if (n == 2) != test.two {
				t.Errorf("an execution takes %d round trips, want two: %t", n, test.two)
			}
		})
	}
}

func TestAStatementIsExecutedAgainInTheClientsTransaction(t *testing.T) {
	counter, through := aheadStand(t)
	r := &repeating{client: connect(t, through), sql: oneKey, counter: counter}
	r.warm()
	before := r.rows(oneKey, 7)
	state := func(want byte) {
		t.Helper()
		if got := r.PgConn().TxStatus(); got != want {
			t.Fatalf("the session is in state %c, want %c", got, want)
		}
	}
	r.exec("BEGIN")
	r.warm()
	r.exec("UPDATE loans SET age = 90, income = 1 WHERE loan_id = 7")
	r.compare(7)
	if after := r.rows(oneKey, 7); slices.Equal(after, before) {
		t.Errorf("an uncommitted row is not seen: %q", after)
	}
	r.exec("SAVEPOINT own")
	r.exec(`DO $$ DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements WHERE name LIKE 'cvp-%' LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END $$`)
	r.compare(7) // our statements are gone, and the transaction goes on
	state('T')
	r.exec("DROP TABLE IF EXISTS nothing; RELEASE own")
	r.warm()
	r.exec("ROLLBACK")
	if after := r.rows(oneKey, 7); !slices.Equal(after, before) {
		t.Errorf("a row that was rolled back is seen: %q, want %q", after, before)
	}

	r.exec("BEGIN")
	if _, err := r.try(oneKey, 7); err != nil {
		t.Fatal(describe(err))
	}
	if _, err := r.PgConn().Exec(context.Background(), "SELECT 1/0").ReadAll(); err == nil {
		t.Fatal("1/0 is no error")
	}
	r.compare(7)
	state('E')
	r.exec("ROLLBACK")
	r.warm()
}

func TestAFailureOfAStatementExecutedAgain(t *testing.T) {
	counter, through := aheadStand(t)
	const failing = "SELECT 1 / ($2::int - loan_id), cvp_predict('risk', loan_id) FROM loans WHERE loan_id = $1"
	for _, within := range []bool{false, true} {
		t.Run(fmt.Sprintf("in the client's transaction %t", within), func(t *testing.T) {
			r := &repeating{client: connect(t, through), sql: failing, counter: counter}
			check := func(want string, err error) {
				t.Helper()
				if e := asPgError(err); e == nil || e.Code != want || e.Position != 0 && want == "22012" {
					t.Errorf("%v, want %s", err, want)
				}
				if state := r.PgConn().TxStatus(); (state == 'E') != within || (state == 'I') == within {
					t.Errorf("the session is in state %c", state)
				}
				if within {
					r.exec("ROLLBACK TO own")
				}
			}
			if within {
				r.exec("BEGIN; SAVEPOINT own")
			}
			for range 3 {
				r.rows(failing, 7, 9)
			}
			_, err := r.try(failing, 7, 7)
			check("22012", err)
			r.rows(failing, 7, 9)
			// The client's own Bind fails: no such number.
			result := r.PgConn().ExecPrepared(context.Background(), r.preparedName(failing), [][]byte{[]byte("7"), []byte("x")}, nil, nil).Read()
			check("22P02", result.Err)
			// Or there is no such statement.
			result = r.PgConn().ExecPrepared(context.Background(), "nothing", [][]byte{[]byte("7")}, nil, nil).Read()
			check("26000", result.Err)
			r.rows(failing, 7, 9)
		})
	}
}

// preparedName gives the name by which the driver has prepared a statement.
func (r *repeating) preparedName(sql string) string {
	d, err := r.Prepare(context.Background(), "again", sql)
	if err != nil {
		r.t.Fatal(describe(err))
	}
	for range 3 {
		if got := r.PgConn().ExecPrepared(context.Background(), d.Name, [][]byte{[]byte("7"), []byte("9")}, nil, nil).Read(); got.Err != nil {
			r.t.Fatal(describe(got.Err))
		}
	}
	return d.Name
}

// What the client drops is gone as Postgres says, with what is ours along with it.
func TestAStatementThatTheClientDropsIsGone(t *testing.T) {
	counter, through := aheadStand(t)
	for _, drop := range []string{"DISCARD ALL", "DEALLOCATE ALL", "DEALLOCATE again"} {
		r := &repeating{client: connect(t, through), sql: oneKey, counter: counter}
		r.warm()
		again := func() error {
			return r.PgConn().ExecPrepared(context.Background(), "again", [][]byte{[]byte("7")}, nil, nil).Read().Err
		}
		prepare := func() {
			t.Helper()
			if _, err := r.PgConn().Prepare(context.Background(), "again", oneKey, nil); err != nil {
				t.Fatal(describe(err))
			}
		}
		prepare()
		for range 3 {
			if err := again(); err != nil {
				t.Fatal(describe(err))
			}
		}
		r.exec(drop)
		if err := asPgError(again()); err == nil || err.Code != "26000" || err.Message != `prepared statement "again" does not exist` {
			t.Errorf("%s: %v", drop, err)
		}
		prepare()
		for range 3 {
			if err := again(); err != nil {
				t.Errorf("%s: %s", drop, describe(err))
			}
		}
		if n := counter.during(func() { _ = again() }); n != 2 {
			t.Errorf("%s: an execution takes %d round trips, want 2", drop, n)
		}
	}
}

// Each session's statements are dropped after every execution: it does without ours in the end.
func TestASessionWhoseStatementsDoNotStayDoesWithoutThem(t *testing.T) {
	counter, through := aheadStand(t)
	r := &repeating{client: connect(t, through), sql: oneKey, counter: counter}
	const forget = `DO $$ DECLARE n text; BEGIN FOR n IN SELECT name FROM pg_prepared_statements WHERE name LIKE 'cvp-%' LOOP EXECUTE format('DEALLOCATE %I', n); END LOOP; END $$`
	r.warm()
	for range 8 {
		r.exec(forget)
		r.compare(7)
	}
	for range 3 {
		r.compare(8)
	}
	if n := counter.during(func() { r.rows(oneKey, 9) }); n == 2 {
		t.Error("statements that do not stay are used on")
	}
	if got := r.rows("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'cvp-%'"); got[0] != "0" {
		t.Errorf("%s statements are left", got[0])
	}
}

func TestRightsAreAskedWithEveryExecution(t *testing.T) {
	c := newCast(t)
	c.anna.exec(fmt.Sprintf(train, "'annas'"))
	c.anna.exec("SELECT cvp_share('annas', $1)", strings.Trim(c.benRole, `"`))
	const sql = "SELECT loan_id, cvp_predict('annas', loan_id) FROM loans WHERE loan_id = $1"
	north, south := 3, 1 // see loans: region
	ben := &repeating{client: c.ben, sql: sql}
	anna := &repeating{client: c.anna, sql: sql}
	for range 4 {
		for _, key := range []int{north, south} {
			anna.compare(key)
			ben.compare(key)
		}
	}
	if got := c.anna.rows("SELECT name FROM pg_prepared_statements WHERE name LIKE 'cvp-%' LIMIT 1"); len(got) == 0 {
		t.Error("the owner's executions are not ahead")
	}
	if got := c.ben.rows("SELECT loan_id, cvp_predict('annas', loan_id) IS NULL FROM loans WHERE loan_id = $1", north); len(got) != 0 {
		t.Errorf("ben sees a row of the north: %q", got)
	}
	c.anna.exec("SELECT cvp_unshare('annas', $1)", strings.Trim(c.benRole, `"`))
	for range 2 {
		if _, err := c.ben.try(sql, south); asPgError(err) == nil || asPgError(err).Code != "42704" {
			t.Errorf("a model that is not shared any more: %v", err)
		}
	}
	c.super.exec("REVOKE SELECT ON loans FROM " + c.annaRole)
	for range 2 {
		if _, err := c.anna.try(sql, north); asPgError(err) == nil || asPgError(err).Code != "42501" {
			t.Errorf("a table that may not be read any more: %v", err)
		}
	}
	c.super.exec("GRANT SELECT ON loans TO " + c.annaRole)
	anna.compare(north)

	// One session, as one role and then as another one.
	super := &repeating{client: c.super, sql: sql}
	for range 3 {
		super.compare(north)
		super.exec("SET ROLE " + c.annaRole)
		super.compare(north)
		super.compare(south)
		super.exec("SET ROLE " + c.benRole)
		super.compare(south)
		super.exec("RESET ROLE")
	}
}

func TestCallsExecutedAgainInAPipeline(t *testing.T) {
	counter, through := aheadStand(t)
	r := &repeating{client: connect(t, through), sql: oneKey, counter: counter}
	r.warm()
	var want []string
	for key := range 6 {
		want = append(want, r.rows(oneKey, key)...)
	}
	b := &pgx.Batch{}
	for key := range 6 {
		b.Queue(oneKey, key)
	}
	results := r.SendBatch(context.Background(), b)
	var got []string
	for range 6 {
		rows, err := results.Query()
		if err != nil {
			t.Fatal(describe(err))
		}
		for rows.Next() {
			got = append(got, line(rows.RawValues()))
		}
	}
	if err := results.Close(); err != nil {
		t.Fatal(describe(err))
	}
	if !slices.Equal(got, want) {
		t.Errorf("in a batch: %q, want %q", got, want)
	}

	// With a Sync behind each, sent at once: the second may not fail by the first.
	r.preparedKey("again")
	p := r.PgConn().StartPipeline(context.Background())
	for _, key := range []string{"1", "x", "3", "4"} {
		p.SendQueryPrepared("again", [][]byte{[]byte(key)}, nil, nil)
		p.SendPipelineSync()
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	var rows int
	var failed error
	for syncs := 0; syncs < 4; {
		result, err := p.GetResults()
		if err != nil {
			failed = err
			continue
		}
		switch result := result.(type) {
		case nil:
			t.Fatal("the pipeline has ended early")
		default:
			if reader, ok := result.(interface{ NextRow() bool }); ok {
				for reader.NextRow() {
					rows++
				}
			} else {
				syncs++
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if e := asPgError(failed); rows != 3 || e == nil || e.Code != "22P02" {
		t.Errorf("%d rows and %v", rows, failed)
	}
	r.warm()
}

// preparedKey prepares the statement under a name and executes it.
func (r *repeating) preparedKey(name string) {
	r.t.Helper()
	if _, err := r.PgConn().Prepare(context.Background(), name, oneKey, nil); err != nil {
		r.t.Fatal(describe(err))
	}
	for range 3 {
		if got := r.PgConn().ExecPrepared(context.Background(), name, [][]byte{[]byte("7")}, nil, nil).Read(); got.Err != nil {
			r.t.Fatal(describe(got.Err))
		}
	}
}

func TestACallExecutedAgainIsCancelledAndTimesOut(t *testing.T) {
	counter, through := aheadStand(t)
	const slow = "SELECT loan_id, pg_sleep($2::float8), cvp_predict('risk', loan_id) FROM loans WHERE loan_id = $1"
	locker := connect(t, through)
	for _, within := range []bool{false, true} {
		t.Run(fmt.Sprintf("in the client's transaction %t", within), func(t *testing.T) {
			r := &repeating{client: connect(t, through), sql: slow, counter: counter}
			for range 3 {
				r.rows(slow, 7, 0.0)
			}
			canceled := func(why string, err error) {
				t.Helper()
				var e *pgconn.PgError
				if !errors.As(err, &e) || e.Code != "57014" || e.Message != "canceling statement due to "+why {
					t.Errorf("%v, want it cancelled due to %s", err, why)
				}
				if within {
					r.exec("ROLLBACK TO own")
				}
			}
			cancelSoon := func() (wait func()) {
				var g sync.WaitGroup
				g.Go(func() {
					time.Sleep(100 * time.Millisecond)
					_ = r.PgConn().CancelRequest(context.Background())
				})
				return g.Wait
			}
			if within {
				r.exec("BEGIN; SAVEPOINT own")
			}
			wait := cancelSoon()
			_, err := r.try(slow, 7, 60.0)
			wait()
			canceled("user request", err)
			r.exec("SET statement_timeout = '100ms'")
			_, err = r.try(slow, 7, 60.0)
			canceled("statement timeout", err)
			r.exec("SET statement_timeout = 0")

			// While the row is being read.
			locker.exec("BEGIN; LOCK TABLE loans")
			wait = cancelSoon()
			_, err = r.try(slow, 7, 0.0)
			wait()
			canceled("user request", err)
			r.exec("SET statement_timeout = '100ms'")
			_, err = r.try(slow, 7, 0.0)
			canceled("statement timeout", err)
			locker.exec("ROLLBACK")
			r.rows(slow, 7, 0.0)
		})
	}
}
