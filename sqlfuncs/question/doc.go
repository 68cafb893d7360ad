// Package question is the language in which one sentence says what to predict:
//
//	PREDICT COUNT(orders.* WHERE category = 'BEER') > 0
//	OVER NEXT 30 DAYS FOR EACH customers.customer_id
//
// Parse turns the text into a Question with positions; Question.String gives its canonical form back. The
// package knows nothing of the database: sqlfuncs/schema finds the tables that a question names.
//
// Keywords are case-insensitive, names follow SQL (folded to lower case unless quoted), comments are allowed
// wherever white space is:
//
//	question   = "PREDICT" aggregate [ compare ] [ window ]
//	             "FOR" "EACH" column [ "WHERE" condition ] [ "AS" "OF" date ] .
//	aggregate  = function "(" [ "DISTINCT" ] ( column | table "." "*" ) [ "WHERE" condition ]
//	             [ "," 0 "," n [ "," unit ] ] ")" .
//	function   = "COUNT" [ "DISTINCT" ] | "COUNT_DISTINCT" | "SUM" | "AVG" | "MIN" | "MAX" | "EXISTS" .
//	compare    = ( "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" ) ( [ "+" | "-" ] number | "TRUE" | "FALSE" ) .
//	window     = "OVER" "NEXT" n unit .
//	unit       = "HOURS" | "DAYS" | "WEEKS" | "MONTHS" .
//	column     = table "." name .
//	table      = [ schema "." ] name .
//	date       = "'" YYYY-MM-DD [ HH:MM[:SS[.ffffff]] [ offset ] ] "'" .
//
// The window stands either after the aggregate or, as in Kumo's PQL, inside it: SUM(orders.amount, 0, 90, days)
// is SUM(orders.amount) OVER NEXT 90 DAYS. A condition is an SQL expression for Postgres; only its extent is
// found here, by SQL's own lexical rules: it ends at the closing parenthesis, the comma or AS OF that is not
// part of it. It holds no semicolon and no parameter, and its brackets are balanced, so that in parentheses it
// can only be read as one expression.
package question
