// Package gorm stands in for github.com/googleapis/go-gorm-spanner, which Atlas's loader links for Spanner alone: the original brings
// gRPC, whose compilation takes longer than all other integration tests.
package gorm

import (
	"database/sql/driver"

	"gorm.io/gorm"
)

// Config is what the loader fills.
type Config struct {
	DriverName string
	DSN        string
	Connector  driver.Connector
	Conn       gorm.ConnPool

	DisableAutoMigrateBatching bool
}

// New is not called by the tests.
func New(Config) gorm.Dialector { panic("this is not Spanner's driver") }
