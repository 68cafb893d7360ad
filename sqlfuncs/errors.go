package sqlfuncs

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine"
	"cvp/engine/training"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/views"
)

// postgresError gives an error of any layer the form in which a client sees it. Errors of Postgres, and those
// that a layer worded as such, keep their SQLSTATE; a stopped context stays what it is.
func postgresError(err error) error {
	var pgErr *pgconn.PgError
	var data *training.DataError
	var unknown *engine.UnknownError
	var task *engine.TaskError
	var params engine.ParamErrors
	var foreign *views.ForeignError
	switch {
	case errors.As(err, &pgErr):
		return pgErr
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &data):
		return failure("22023", data.Message, data.Hint)
	case errors.As(err, &unknown):
		return failure("22023", unknown.Error(), unknown.Hint())
	case errors.As(err, &task):
		return failure("22023", task.Error(), task.Hint())
	case errors.As(err, &params):
		return failure("22023", params.Error(), params.Hint())
	case errors.As(err, &foreign):
		return failure("0A000", foreign.Error(),
			"ALTER VIEW … SET (security_invoker = true) has it read with the rights of whoever asks, or grant this role what the view reads.")
	}
	return err
}

// questionError shows where a question does not parse: psql prints the question with a caret below the place.
func questionError(err error, text string) error {
	var parse *question.Error
	if !errors.As(err, &parse) {
		return err
	}
	return inText(failure("42601", parse.Message, parse.Hint), text, parse.Position)
}

// inText says that an error lies in a text that the client passed as an argument, at a 1-based character.
func inText(e *pgconn.PgError, text string, position int) *pgconn.PgError {
	e.InternalQuery, e.InternalPosition = text, int32(position)
	return e
}

// inQuestion maps an error in the SQL made of a question to the place in the question that it is about.
func inQuestion(err error, q *question.Question, sql schema.Query) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	out := *pgErr
	at, ok := sql.QuestionPosition(int(pgErr.Position))
	if out.Position = 0; ok {
		return inText(&out, q.Text, q.Character(at))
	}
	return &out
}

func failure(code, message, hint string) *pgconn.PgError {
	return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: message, Hint: hint}
}
