package server

// SQLSTATEs that the server itself gives.
const (
	activeTransaction  = "25001"
	noTransaction      = "25P01"
	queryCanceled      = "57014"
	idleSessionTimeout = "57P05"
	outOfMemory        = "53200"
	adminShutdown      = "57P01"
	cannotConnectNow   = "57P03"
	protocolViolation  = "08P01"
	connectionFailure  = "08006"
	tooManyConnections = "53300"
	internalError      = "XX000"
	undefinedStatement = "26000"
	duplicateStatement = "42P05"

	programLimitExceeded = "54000"

	featureNotSupported  = "0A000"
	invalidAuthorization = "28000"
)
