package ops

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"cvp/catalog"
	"cvp/server"
)

// Metrics counts what a server does. It is the server's Observer.
type Metrics struct {
	registry *prometheus.Registry

	sessionsOpen, callsRunning    prometheus.Gauge
	sessions, statements, cancels prometheus.Counter
	dialFailures                  prometheus.Counter
	ended, refused, loginFailed   *prometheus.CounterVec
	callSeconds                   *prometheus.HistogramVec
	takeoverSeconds, dialSeconds  prometheus.Histogram
	endings                       map[server.Ending]prometheus.Counter
	outcomes                      map[server.Outcome]prometheus.Observer
}

var _ server.Observer = (*Metrics)(nil)

// NewMetrics makes the metrics of a server of the given version, those of the Go runtime and the process among
// them. models tells of its cache of models; it is asked at each scrape.
func NewMetrics(version string, models func() catalog.CacheStats) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.makeSessions()
	m.makeBackend()
	m.makeCalls()
	m.makeModels(models)
	build := m.gaugeVec("cvp_build_info", "Always 1; the label tells the version.", "version")
	build.WithLabelValues(version).Set(1)
	return m
}

func (m *Metrics) makeSessions() {
	m.sessionsOpen = m.gauge("cvp_sessions_open", "Clients joined to a backend connection now.")
	m.sessions = m.counter("cvp_sessions_total", "Clients joined to a backend connection so far.")
	m.ended = m.counterVec("cvp_sessions_ended_total", "Sessions that ended, by who or what ended them.", "by")
	m.refused = m.counterVec("cvp_clients_refused_total", "Clients that the server itself turned away, by SQLSTATE.", "sqlstate")
	m.loginFailed = m.counterVec("cvp_login_failures_total", "Clients that Postgres, or the server in its place, did not let in, by SQLSTATE.", "sqlstate")
	m.cancels = m.counter("cvp_cancel_requests_total", "Cancel requests of clients.")
	m.endings = map[server.Ending]prometheus.Counter{}
	for _, e := range server.Endings() {
		m.endings[e] = m.ended.WithLabelValues(string(e)) // present from the start, at 0
	}
}

func (m *Metrics) makeBackend() {
	m.dialSeconds = m.histogram("cvp_backend_dial_duration_seconds", "Time to connect to the backend, TLS included.",
		prometheus.ExponentialBuckets(0.0002, 4, 9))
	m.dialFailures = m.counter("cvp_backend_dial_failures_total", "Connections to the backend that failed.")
}

func (m *Metrics) makeCalls() {
	m.statements = m.counter("cvp_statements_total", "Statements that name something of cvp, recognised so far.")
	m.callsRunning = m.gauge("cvp_calls_running", "Statements that call the engine, running now.")
	m.takeoverSeconds = m.histogram("cvp_takeover_duration_seconds",
		"Time a session waited for its own earlier requests before it could use the backend connection for a call.",
		prometheus.ExponentialBuckets(0.0001, 4, 10))
	m.callSeconds = m.histogramVec("cvp_call_duration_seconds", "Time of statements that call the engine, up to their last row, by outcome.",
		prometheus.ExponentialBuckets(0.001, 2.5, 16), "outcome")
	m.outcomes = map[server.Outcome]prometheus.Observer{}
	for _, o := range server.Outcomes() {
		m.outcomes[o] = m.callSeconds.WithLabelValues(string(o))
	}
}

func (m *Metrics) makeModels(models func() catalog.CacheStats) {
	read := func(value func(catalog.CacheStats) int64) func() float64 {
		return func() float64 { return float64(value(models())) }
	}
	counter := func(name, help string, value func(catalog.CacheStats) int64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read(value)))
	}
	gauge := func(name, help string, value func(catalog.CacheStats) int64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read(value)))
	}
	counter("cvp_model_cache_hits_total", "Models found decoded.", func(s catalog.CacheStats) int64 { return s.Hits })
	counter("cvp_model_cache_misses_total", "Models that had to be fetched and decoded.", func(s catalog.CacheStats) int64 { return s.Misses })
	gauge("cvp_model_cache_entries", "Models kept decoded.", func(s catalog.CacheStats) int64 { return s.Entries })
	gauge("cvp_model_cache_bytes", "Size of the models kept decoded.", func(s catalog.CacheStats) int64 { return s.Bytes })
	gauge("cvp_model_cache_limit_bytes", "Most that the models kept decoded may take.", func(s catalog.CacheStats) int64 { return s.Limit })
}

// showTraffic adds the bytes of a server's sessions, which are asked for at each scrape.
func (m *Metrics) showTraffic(s Server) {
	for peer, bytes := range map[string]func(server.Traffic) int64{
		"client":  func(t server.Traffic) int64 { return t.FromClients },
		"backend": func(t server.Traffic) int64 { return t.FromBackends },
	} {
		register(m, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "cvp_received_bytes_total", Help: "Bytes of sessions received, by the side that sent them.", ConstLabels: prometheus.Labels{"from": peer},
		}, func() float64 { return float64(bytes(s.Traffic())) }))
	}
}

// SessionStarted implements server.Observer.
func (m *Metrics) SessionStarted() {
	m.sessions.Inc()
	m.sessionsOpen.Inc()
}

// SessionEnded implements server.Observer.
func (m *Metrics) SessionEnded(e server.Ending) {
	m.sessionsOpen.Dec()
	m.endings[e].Inc()
}

// ClientRefused implements server.Observer.
func (m *Metrics) ClientRefused(sqlstate string) { m.refused.WithLabelValues(label(sqlstate)).Inc() }

// LoginFailed implements server.Observer.
func (m *Metrics) LoginFailed(sqlstate string) { m.loginFailed.WithLabelValues(label(sqlstate)).Inc() }

// BackendDialed implements server.Observer.
func (m *Metrics) BackendDialed(took time.Duration, err error) {
	if err != nil {
		m.dialFailures.Inc()
		return
	}
	m.dialSeconds.Observe(took.Seconds())
}

// CancelRequested implements server.Observer.
func (m *Metrics) CancelRequested() { m.cancels.Inc() }

// StatementsPlanned implements server.Observer.
func (m *Metrics) StatementsPlanned(n int) { m.statements.Add(float64(n)) }

// TakenOver implements server.Observer.
func (m *Metrics) TakenOver(waited time.Duration) { m.takeoverSeconds.Observe(waited.Seconds()) }

// CallStarted implements server.Observer.
func (m *Metrics) CallStarted() { m.callsRunning.Inc() }

// CallEnded implements server.Observer.
func (m *Metrics) CallEnded(o server.Outcome, took time.Duration) {
	m.callsRunning.Dec()
	m.outcomes[o].Observe(took.Seconds())
}

// label bounds what a peer can make a label say: a SQLSTATE has five digits and capitals.
func label(sqlstate string) string {
	if len(sqlstate) != 5 {
		return "none"
	}
	for _, c := range sqlstate {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return "none"
		}
	}
	return sqlstate
}
