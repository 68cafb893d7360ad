package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// CertificateFiles are PEM files for TLS to clients.
type CertificateFiles struct {
	Cert, Key string
	// ClientCA signs the certificates of clients; without it none is asked for.
	ClientCA string
}

// Load gives a configuration that reads the files again, at the next handshake, whenever one of them has
// changed. What cannot be read then is logged, and the last good state is kept.
func (f CertificateFiles) Load(log *slog.Logger) (*tls.Config, error) {
	current, err := f.read()
	if err != nil {
		return nil, err
	}
	l := &loaded{files: f, log: log, state: f.state(), current: current}
	outer := current.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return l.config(), nil }
	return outer, nil
}

// read reads the files once.
func (f CertificateFiles) read() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("load the TLS certificate: %w", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if f.ClientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(f.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("load the authority for client certificates: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("load the authority for client certificates: the file holds no certificate")
	}
	// Who must have one is decided behind the start-up packet, where a refusal can be worded.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}

// fileState tells one state of the files from the next.
type fileState [3]struct {
	changed time.Time
	size    int64
}

func (f CertificateFiles) state() (state fileState) {
	for i, name := range []string{f.Cert, f.Key, f.ClientCA} {
		if info, err := os.Stat(name); err == nil {
			state[i].changed, state[i].size = info.ModTime(), info.Size()
		}
	}
	return state
}

// loaded is the last good configuration made of files.
type loaded struct {
	files CertificateFiles
	log   *slog.Logger

	mu      sync.Mutex
	state   fileState // as of the last attempt to read
	current *tls.Config
}

func (l *loaded) config() *tls.Config {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := l.files.state()
	if state == l.state {
		return l.current
	}
	l.state = state
	fresh, err := l.files.read()
	if err != nil {
		l.log.Warn("TLS certificates not reloaded", "reason", err)
		return l.current
	}
	l.log.Info("TLS certificates reloaded", "certificate", l.files.Cert)
	l.current = fresh
	return fresh
}
