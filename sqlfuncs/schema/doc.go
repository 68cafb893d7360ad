// Package schema reads the client's database as far as a question needs it: which relation a name means, what its
// columns are, and, for a question, where the events lie, how they lead to the entities, when they happened and
// which columns describe them. It works on the client's own connection and sees what the client may see.
//
//	question.Question ─► load (one query of the catalogue) ─► path ─► time ─► group ─► columns ─► EventSource ─► SQL
//
// The rules, each of which an option overrides:
//
//   - Path. From the event table the foreign keys are followed, many to one, at most three hops, to the table of
//     FOR EACH. The shortest way is taken; several shortest ways are an error that lists them. Without any, a column
//     named like the key in the event table (or in a table it refers to) is the link, and a note says so.
//   - Time. A date or timestamp column of the event table, else of the tables on the path, nearest first, else of a
//     table that the event table refers to. Of several in one table, columns that only record a change (updated_at,
//     loaded_at …) yield, then those outside of every index, then those not named like a time (_at, date, time …);
//     what is still several is an error that lists them. A note says what was chosen.
//   - Group. What makes several rows one purchase: where the time lies in another table, the row of that table;
//     else a column of the event table named like a basket (basket_id, order_id, invoice … session_id, best first),
//     unless the table itself is named so and no worse (orders); else the event table's own primary key of one
//     column; else nothing.
//   - Columns. Numbers, booleans and categories of the event table, the tables on the path and the tables that the
//     event table refers to. Left out: keys and row numbers, text that is free or nearly unique, what the role may
//     not read. A foreign key to another table stays as a category.
//   - Attributes. The same of the entity table and of tables whose primary key refers to it (one to one), and dates.
//
// Dates and timestamps without a zone are read as UTC. Names are quoted and operators qualified in all SQL made
// here, so that neither a hostile name nor a search_path changes what it means.
package schema
