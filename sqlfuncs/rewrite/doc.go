// Package rewrite turns a statement that calls the engine into one that Postgres can run alone: each call
// becomes an expression over parameters that hold what the engine computed.
//
// A scalar call cvp_predict(model, key) becomes, by the shape of its query block,
//
//   - a parameter, where the key is the same for every row;
//   - an element of an array of scores, where the keys are whole numbers that lie close together: no join, wherever the
//     call stands;
//   - a column of LEFT JOIN unnest(keys, scores), for other keys (a hash join);
//   - a look-up scores ->> key in a jsonb parameter, where a join would change what the block means: in a join
//     condition, beside grouping, with SELECT * over JOIN … USING, under FOR UPDATE.
//
// A table function becomes a subselect over array parameters.
package rewrite
