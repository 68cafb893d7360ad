package schema_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
)

func ExampleSource() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv("CVP_TEST_POSTGRES"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		CREATE TEMP TABLE customers (customer_id int PRIMARY KEY, country text);
		CREATE TEMP TABLE orders (order_id int PRIMARY KEY, customer_id int REFERENCES customers, ordered_at timestamptz);
		CREATE TEMP TABLE order_lines (order_id int REFERENCES orders, product text, amount numeric)`)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := question.Parse("PREDICT SUM(order_lines.amount WHERE product = 'ale') OVER NEXT 90 DAYS FOR EACH customers.customer_id")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := schema.Source(ctx, conn.PgConn(), q, schema.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("path:", strings.Join(s.Path, ", "))
	fmt.Println("time:", s.Time)
	fmt.Println("purchase:", s.Group)
	fmt.Println("events:", s.Columns[0].Name, s.Columns[0].Kind)
	fmt.Println("entities:", s.Attributes[0].Name, s.Attributes[0].Kind)
	rows, err := conn.Query(ctx, s.EventsSQL(true, true).SQL, "2011-09-10", []string{"1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	rows.Close()
	fmt.Println("error:", rows.Err())
	// Output:
	// path: order_lines.order_id = orders.order_id, orders.customer_id = customers.customer_id
	// time: orders.ordered_at
	// purchase: order_lines.order_id
	// events: product category
	// entities: country category
	// error: <nil>
}

func ExampleLoadRelation() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv("CVP_TEST_POSTGRES"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `CREATE TEMP TABLE "Loans" (id int PRIMARY KEY, amount numeric(10,2))`); err != nil {
		fmt.Println(err)
		return
	}
	r, err := schema.LoadRelation(ctx, conn.PgConn(), `"Loans"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Name, r.Key(), r.Columns[1].Name, r.Columns[1].TypeName)
	// Output: Loans [id] amount numeric(10,2)
}
