package server

import "sync/atomic"

// Traffic is how many bytes a server has read of sessions: those of their start-up packets are not among them.
type Traffic struct {
	FromClients, FromBackends int64
}

// Traffic counts what all sessions have read so far, those that are over and those that are open.
func (s *Server) Traffic() Traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := s.past
	for session := range s.sessions {
		total.add(session)
	}
	return total
}

func (t *Traffic) add(s *session) {
	t.FromClients += s.client.received.Load()
	t.FromBackends += s.backend.received.Load()
}

// received counts the bytes that one side of a session was read. It is counted once a read, by whoever reads the
// side, and looked at by others.
type received struct{ bytes atomic.Int64 }

func (r *received) count(n int) { r.bytes.Add(int64(n)) }

// Load gives the count.
func (r *received) Load() int64 { return r.bytes.Load() }
