package question_test

import (
	"errors"
	"fmt"

	"cvp/sqlfuncs/question"
)

func ExampleParse() {
	q, err := question.Parse(`predict count(orders.* where category = 'BEER') > 0
		over next 30 days for each customers.customer_id as of '2011-09-10'`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(q)
	main := q.Main()
	fmt.Println("events of", main.Of.Relation(), "where", main.Where.SQL)
	fmt.Println("until", main.Window.Length.From(q.AsOf.Time).Format("2 January 2006"))
	// Output:
	// PREDICT COUNT(orders.* WHERE category = 'BEER') > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id AS OF '2011-09-10'
	// events of orders where category = 'BEER'
	// until 10 October 2011
}

func ExampleError_Caret() {
	const asked = "PREDICT SUM(orders.amount) OVER NEXT 90 DYAS FOR EACH customers.customer_id"
	_, err := question.Parse(asked)
	var e *question.Error
	if errors.As(err, &e) {
		fmt.Printf("%s\n%s\n%s\n", e.Message, e.Caret(asked), e.Hint)
	}
	// Output:
	// unknown unit "DYAS"
	// PREDICT SUM(orders.amount) OVER NEXT 90 DYAS FOR EACH customers.customer_id
	//                                         ^
	// Did you mean DAYS?
}

func ExampleParseName() {
	n, err := question.ParseName(`Shop."Orders".ordered_at`)
	fmt.Println(n, n.Relation(), n.Column, err)
	// Output: shop."Orders".ordered_at shop."Orders" ordered_at <nil>
}

func ExampleParseLink() {
	l, err := question.ParseLink("transactions.hh = households.household_id")
	fmt.Println(l.From, "refers to", l.To, err)
	// Output: transactions.hh refers to households.household_id <nil>
}

func ExampleNearest() {
	fmt.Println(question.Nearest("ordres", []string{"customers", "orders"}))
	// Output: orders true
}
