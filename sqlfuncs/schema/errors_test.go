package schema

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
	"cvp/sqlfuncs/question"
)

// TestErrors writes what a client would see of each error into testdata/errors.golden.
func TestErrors(t *testing.T) {
	conn := connect(t, "choices")
	var b strings.Builder
	for _, c := range []struct {
		question string
		options  Options
	}{
		{"PREDICT COUNT(shop.ordrs.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{}},
		{"PREDICT COUNT(shop.orders.*) OVER NEXT 3 DAYS FOR EACH clients.id", Options{}},
		{"PREDICT COUNT(shop.orders.*) OVER NEXT 3 DAYS FOR EACH shop.clients.ide", Options{}},
		{"PREDICT SUM(shop.orders.nte) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.orders.payer = shop.clients.id"}, Time: "ordered_at"}},
		{"PREDICT SUM(shop.orders.note) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.orders.payer = shop.clients.id"}, Time: "ordered_at"}},
		{"PREDICT COUNT(shop.orders.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{}},
		{"PREDICT COUNT(shop.orders.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.orders.payer = shop.clients.id"}}},
		{"PREDICT COUNT(shop.parts.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.parts.order_id = shop.orders.id"}}},
		{"PREDICT COUNT(shop.parts_.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{}},
		{"PREDICT COUNT(shop.calls.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{}},
		{"PREDICT COUNT(shop.loose.*) OVER NEXT 3 DAYS FOR EACH shop.orders.payer", Options{}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Time: "visits.strat"}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Time: "visits.id"}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Time: "visits."}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Group: "orders.id"}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Group: "a b"}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"visits.client"}}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.visits.clint = shop.clients.id"}}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.visit.client = shop.clients.id"}}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Links: []string{"shop.visits.start = shop.clients.id"}}},
		{"PREDICT COUNT(shop.visits.*) OVER NEXT 3 DAYS FOR EACH shop.clients.id", Options{Exclude: []string{"nmae"}}},
	} {
		_, err := ask(t, conn.PgConn(), c.question, c.options)
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.question, err)
			continue
		}
		fmt.Fprintf(&b, "%s %+v\n%s", c.question, c.options, shown(e))
	}
	golden(t, filepath.Join("testdata", "errors.golden"), b.String())
}

// shown gives an error as psql does.
func shown(e *pgconn.PgError) string {
	out := fmt.Sprintf("ERROR:  %s: %s\n", e.Code, e.Message)
	if e.InternalQuery != "" {
		out += (&question.Error{Position: int(e.InternalPosition)}).Caret(e.InternalQuery) + "\n"
	}
	if e.Detail != "" {
		out += "DETAIL:  " + e.Detail + "\n"
	}
	if e.Hint != "" {
		out += "HINT:  " + e.Hint + "\n"
	}
	return out + "\n"
}

func TestErrorsInAConditionPointIntoTheQuestion(t *testing.T) {
	conn := connect(t, "retail")
	execute(t, conn, "ALTER TABLE products ADD channel text")
	for _, c := range []struct{ name, condition, code, at string }{
		{"a column that no table has", "é = 1 OR categry = 'BEER'", "42703", "é = 1"},
		{"a column of the second line", "gift OR\n categry = 'BEER'", "42703", "categry"},
		{"a name that two other tables have alike", "orders.channel = 'web' AND total > 0 AND list_price > 0 AND ordered_at > now() AND description > '' AND name = 1", "42703", "name = 1"},
		{"two expressions", "true ORDER BY 1", "42601", "ORDER"},
		{"an aggregate", "count(*) > 0", "42803", "count"},
		{"an aggregate of another table", "max(list_price) > 0", "42803", "max"},
		{"a window function", "row_number() OVER () > 0", "42P20", "row_number"},
		{"several rows", "generate_series(1, 2) > 0", "0A000", "generate_series"},
		{"what is not boolean", "quantity + 1", "42804", "quantity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "PREDICT COUNT(order_lines.* WHERE " + c.condition + ") OVER NEXT 3 DAYS FOR EACH customers.customer_id"
			s, err := ask(t, conn.PgConn(), text, Options{})
			if err != nil {
				t.Fatal(err)
			}
			q := s.EventsSQL(false, false)
			_, err = conn.Exec(t.Context(), q.SQL)
			var e *pgconn.PgError
			if !errors.As(err, &e) || e.Code != c.code {
				t.Fatalf("got %#v", err)
			}
			pos, ok := q.QuestionPosition(int(e.Position))
			if !ok || !strings.HasPrefix(text[pos:], c.at) {
				t.Errorf("%s at %d (%v) of %s", e.Message, pos, ok, text)
			}
		})
	}
	s, err := ask(t, conn.PgConn(), "PREDICT COUNT(order_lines.* WHERE x) OVER NEXT 3 DAYS FOR EACH customers.customer_id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, position := range []int{0, 1, len(s.EventsSQL(false, false).SQL)} {
		if pos, ok := s.EventsSQL(false, false).QuestionPosition(position); ok {
			t.Errorf("position %d of the query is said to be %d of the question", position, pos)
		}
	}
}

func TestAmbiguousNamesInAConditionAreAnError(t *testing.T) {
	conn := connect(t, "retail")
	execute(t, conn, "ALTER TABLE products ADD total text")
	s, err := ask(t, conn.PgConn(), "PREDICT COUNT(order_lines.* WHERE total = 1) OVER NEXT 3 DAYS FOR EACH customers.customer_id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), s.EventsSQL(false, false).SQL)
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "42702" {
		t.Errorf("got %v", err)
	}
}

func TestBackslashesNeedStandardStrings(t *testing.T) {
	conn := connect(t, "retail")
	const text = `PREDICT COUNT(order_lines.* WHERE product_id = '\') OVER NEXT 3 DAYS FOR EACH customers.customer_id`
	if _, err := ask(t, conn.PgConn(), text, Options{}); err != nil {
		t.Errorf("with standard strings: %v", err)
	}
	execute(t, conn, "SET standard_conforming_strings = off")
	_, err := ask(t, conn.PgConn(), text, Options{})
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "0A000" {
		t.Errorf("without: %v", err)
	}
}

func TestOnlyWhatTheRoleMayReadIsRead(t *testing.T) {
	database := pgtest.Database(t)
	owner := pgtest.Connect(t, database)
	execute(t, owner, `CREATE TABLE customers (id int PRIMARY KEY, country text, secret text);
		CREATE TABLE products (id int PRIMARY KEY, category text);
		CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, product int REFERENCES products, at timestamptz, amount int, cost int);
		INSERT INTO customers VALUES (1, 'UK', 'x'); INSERT INTO products VALUES (1, 'A'); INSERT INTO orders VALUES (1, 1, 1, '2020-01-01', 5, 1)`)
	role := pgtest.Role(t, database, "reader", "secret")
	conn := pgtest.Connect(t, role)
	const text = "PREDICT SUM(orders.amount WHERE amount > 0) OVER NEXT 3 DAYS FOR EACH customers.id"
	s, err := ask(t, conn.PgConn(), text, Options{Time: "at"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), s.EventsSQL(false, false).SQL)
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "42501" {
		t.Errorf("without a right to the events: %v", err)
	}
	execute(t, owner, `GRANT SELECT (id, customer, product, at, amount) ON orders TO PUBLIC; GRANT SELECT (id, country) ON customers TO PUBLIC`)
	if s, err = ask(t, conn.PgConn(), text, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := named(s.Columns) + "; " + named(s.Attributes); got != "product category; country category" {
		t.Errorf("features are %s", got)
	}
	if got := rows(t, conn, s.EventsSQL(false, false)); len(got) != 2 {
		t.Errorf("events are %v", got)
	}
	if got := rows(t, conn, s.AttributesSQL(false)); len(got) != 2 {
		t.Errorf("attributes are %v", got)
	}
}
