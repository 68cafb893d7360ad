package server

import "time"

// start relays the beginning of a session: what the backend says up to its first ReadyForQuery, and the
// client's answers to its demands for credentials. What else the client sends waits for the relayer.
func (s *session) start() error {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		defer s.survive()
		if err := s.auth.relayResponses(); err != nil && !isTimeout(err) {
			s.firstEnd.by(clientSide)
			_ = s.backend.conn.Close()
		}
	}()
	err := s.relayStart()
	if err == nil {
		s.started.Store(true)
	} else {
		s.firstEnd.by(backendSide)
		s.end(err)
	}
	_ = s.client.conn.SetReadDeadline(time.Unix(1, 0)) // the client need not say anything more
	<-answered
	_ = s.client.conn.SetReadDeadline(time.Time{})
	return err
}
