// Package catalog is the registry of models: schema cvp in the backing Postgres.
//
//	sqlfuncs ── Resolve, Artifact, Save, … ──► client's own connection ──► schema cvp
//	                                           (its role, its transaction)
//
// Everything runs on the client's own backend connection, inside its transaction and as its role. So rights are
// Postgres's own (row-level security on the tables), ROLLBACK undoes a training, and a version is seen by others
// when its transaction commits. The rules live in SQL, in migrations/; the Go side calls the functions made there,
// each by its qualified name and with a fixed search_path of its own, so that no setting of the client's session
// changes what they mean.
//
// Errors that Postgres raises come back as *pgconn.PgError, fit to be sent to the client as they are.
package catalog
