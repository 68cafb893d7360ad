package server_test

import (
	"testing"
)

// TestASecuredPostgres runs the tests that need a Postgres with TLS, rules and roles of its own, on one cluster.
func TestASecuredPostgres(t *testing.T) {
	c := startSecureCluster(t)
	for name, test := range map[string]func(*testing.T, *secureCluster){
		"authentication is relayed":          testRelayedAuthentication,
		"SCRAM with TLS on both sides":       testScramOnBothSides,
		"verifiers from a file":              testAuthFile,
		"the sslmode of the backend":         testBackendModes,
		"certificates of clients":            testClientCertificates,
		"our certificate for the backend":    testBackendCertificate,
		"replication passes through":         testReplication,
		"a man in the middle of the channel": testManInTheMiddle,
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}
