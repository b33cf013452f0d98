package testdb

import (
	"testing"

	"gorm.io/gorm/logger"
)

// ExpectParseErrors keeps GORM from printing, until the test ends, what it cannot parse of a model: it does so with its
// default logger, whichever the database has. It is not for tests that run in parallel.
func ExpectParseErrors(t testing.TB) {
	t.Helper()
	before := logger.Default
	logger.Default = logger.Discard
	t.Cleanup(func() { logger.Default = before })
}
