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
//	question   = "PREDICT" target [ rank ] [ next ] [ rank ] "FOR" entity
//	             [ "WHERE" condition ] [ "ASSUMING" condition ] [ "AS" "OF" date ] .
//	target     = aggregate | condition | column .
//	entity     = "EACH" column | [ "EACH" ] column ( "=" key | "IN" "(" key { "," key } ")" ) .
//	rank       = ( "RANK" "TOP" n | "TOP" n | "CLASSIFY" [ "TOP" n ] ) .
//	condition  = all { "OR" all } .
//	all        = one { "AND" one } .
//	one        = "NOT" one | "(" condition ")" | aggregate [ compare ] | SQL .
//	aggregate  = function "(" [ "DISTINCT" ] ( column | table "." "*" ) [ "WHERE" SQL ]
//	             [ "," offset "," offset [ "," unit ] ] ")" [ next | last ] .
//	function   = "COUNT" [ "DISTINCT" ] | "COUNT_DISTINCT" | "SUM" | "AVG" | "MIN" | "MAX"
//	           | "FIRST" | "LAST" | "EXISTS" | "LIST_DISTINCT" .
//	compare    = ( "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" ) ( [ "+" | "-" ] number | "TRUE" | "FALSE" | text )
//	           | [ "NOT" ] "LIKE" text .
//	next       = "OVER" "NEXT" span [ "STARTING" "IN" span ] .
//	last       = "OVER" ( "LAST" span | "PAST" ) [ "ENDING" span "AGO" ] .
//	span       = n unit .
//	unit       = "HOURS" | "DAYS" | "WEEKS" | "MONTHS" .
//	offset     = [ "+" | "-" ] n | "-" "INF" .
//	key        = [ "-" ] number | text .
//	column     = table "." name .
//	table      = [ schema "." ] name .
//	date       = "'" YYYY-MM-DD [ HH:MM[:SS[.ffffff]] [ offset ] ] "'" .
//
// Windows of the target look ahead, those of WHERE back and those of ASSUMING ahead. A window behind the target is that
// of all its aggregates without one of their own. As in Kumo's PQL a window may stand inside the aggregate instead, as
// two offsets from the moment of prediction: SUM(orders.amount, 0, 90, days) is SUM(orders.amount) OVER NEXT 90 DAYS.
//
// SQL is an expression for Postgres; only its extent is found here, by SQL's own lexical rules: it ends at the closing
// parenthesis, the comma, AND, OR or the clause that is not part of it. It holds no semicolon and no parameter, and its
// brackets are balanced, so that in parentheses it can only be read as one expression. A condition without aggregates is
// one such expression as a whole.
package question
