package sqlfuncs_test

import (
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// The kinds of statement share a database with a model "risk" of table loans and its scores in table scored; each leaves
// it as it was.
func TestEveryKindOfStatement(t *testing.T) {
	url := cvptest.Through(t, pgtest.Database(t))
	c := connect(t, url)
	c.exec(loans)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	c.exec("CREATE TABLE scored AS SELECT loan_id, cvp_predict('risk', loan_id) AS score FROM loans")
	for _, kind := range []struct {
		name string
		test func(t *testing.T, url string)
	}{
		{"COPY of a query is the same as of a table of scores", copyOfAQueryIsTheSameAsOfATableOfScores},
		{"COPY fails as Postgres does", copyFailsAsPostgresDoes},
		{"COPY to a file and to a program", copyToAFileAndToAProgram},
		{"psql copies out", psqlCopiesOut},
		{"a cursor reads predictions", aCursorReadsPredictions},
		{"a cursor needs a transaction of the client's", aCursorNeedsATransactionOfTheClients},
		{"a cursor takes parameters", aCursorTakesParameters},
		{"a portal is read in pieces", aPortalIsReadInPieces},
		{"what Postgres keeps passes to it", whatPostgresKeepsPassesToIt},
		{"EXPLAIN says how a call is run, and why", explainSaysHowACallIsRunAndWhy},
		{"EXPLAIN takes parameters and reports errors in the client's text", explainTakesParametersAndReportsErrorsInTheClientsText},
		{"EXPLAIN ANALYZE does what it explains", explainAnalyzeDoesWhatItExplains},
		{"EXPLAIN has a place for calls in every format", explainHasAPlaceForCallsInEveryFormat},
		{"EXPLAIN shows no results", explainShowsNoResults},
		{"a statement prepared in SQL is executed", aStatementPreparedInSQLIsExecuted},
		{"an EXECUTE fails as Postgres does", anExecuteFailsAsPostgresDoes},
		{"an EXECUTE works in a transaction and in a string", anExecuteWorksInATransactionAndInAString},
		{"wrong arguments get the right ones", wrongArgumentsGetTheRightOnes},
		{"hints are the signatures of the catalog", hintsAreTheSignaturesOfTheCatalog},
		{"keys of every type", keysOfEveryType},
	} {
		t.Run(kind.name, func(t *testing.T) { kind.test(t, url) })
	}
}
