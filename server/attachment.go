package server

import (
	"context"
	"errors"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// Attachment is work elsewhere than in the client's database that belongs to a transaction the server has opened.
type Attachment interface {
	// Commit makes the work take effect. It is called right before the transaction commits; where it fails, that is
	// rolled back and the client gets the error.
	Commit(ctx context.Context) error
	// Rollback undoes the work.
	Rollback()
}

// attached gives what calls have attached to the transaction that is open, and the way to attach something: nil where the
// transaction is the client's, whose end the server does not decide.
func (t *takeover) attached() (Attachment, func(Attachment)) {
	s := t.s
	if !s.opened.Load() {
		s.detach() // the client has made the transaction its own since
		return nil, nil
	}
	return s.attachment, func(a Attachment) { s.attachment = a }
}

// detach undoes what is attached to a transaction that ends without effect.
func (s *session) detach() {
	if s.attachment != nil {
		s.attachment.Rollback()
		s.attachment = nil
	}
}

// endAttachment ends what is attached to the transaction that is about to end, and gives how: a COMMIT becomes a ROLLBACK
// where the work cannot take effect.
func (t *takeover) endAttachment(sql string) (how string, err error) {
	s := t.s
	if s.attachment == nil {
		return sql, nil
	}
	if sql != "COMMIT" || t.state() == frame.Failed {
		s.detach()
		return sql, nil
	}
	failure := s.attachment.Commit(s.ctx)
	s.attachment = nil
	if failure == nil {
		return sql, nil
	}
	var e *pgconn.PgError
	if !errors.As(failure, &e) {
		e = &pgconn.PgError{Code: internalError, Message: failure.Error()}
	}
	return "ROLLBACK", t.report(e)
}
