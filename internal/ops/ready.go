package ops

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"cvp/server"
)

// Server is what the listener asks of a server; *server.Server is one.
type Server interface {
	// Accepting gives why the server takes no clients, nil where it does. It is cheap.
	Accepting() error
	// Probe asks the backend whether it takes connections and gives why not.
	Probe(ctx context.Context) error
	// Traffic counts the bytes of its sessions.
	Traffic() server.Traffic
}

var _ Server = (*server.Server)(nil)

const (
	probeAgain = 3 * time.Second
	// probeLimit is how long the backend may take. It is below the time that those who ask usually wait.
	probeLimit = 2 * time.Second
)

// readiness answers /readyz.
type readiness struct {
	server Server
	again  time.Duration

	mu     sync.Mutex // held during a probe: those who ask meanwhile get its answer
	asked  time.Time
	answer error
}

// ServeHTTP answers 200 where a new client would be served, else 503 with the reason.
func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	err := r.server.Accepting()
	if err == nil {
		err = r.backend()
	}
	answer(w, err)
}

// backend gives the backend's last answer, asking anew when that is old.
func (r *readiness) backend() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.asked.IsZero() && time.Since(r.asked) < r.again {
		return r.answer
	}
	// Not the asker's context: the answer is for others too.
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	r.answer = r.server.Probe(ctx)
	r.asked = time.Now()
	return r.answer
}

// answer writes what a probe expects.
func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, err)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}
