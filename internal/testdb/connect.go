package testdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"math/rand/v2"
	"time"
)

// connectPatience is how long a connection is tried for at a server that has none left.
const connectPatience = 2 * time.Minute

// connectorTo returns what opens connections to a database. full tells whether an error means that the server has no
// connection left: then the connector waits for one. It may be nil.
func connectorTo(driverName, dsn string, full func(error) bool) (driver.Connector, error) {
	plain, err := sql.Open(driverName, dsn)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	connector := driver.Connector(dsnConnector{plain.Driver(), dsn})
	if inner, ok := plain.Driver().(driver.DriverContext); ok {
		if connector, err = inner.OpenConnector(dsn); err != nil {
			return nil, err
		}
	}
	if full == nil {
		return connector, nil
	}
	return patientConnector{connector, full, connectPatience}, nil
}

// dsnConnector is what database/sql makes of a driver that has no connectors.
type dsnConnector struct {
	driver driver.Driver
	dsn    string
}

// Connect implements driver.Connector.
func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver implements driver.Connector.
func (c dsnConnector) Driver() driver.Driver { return c.driver }

// patientConnector tries again while the server is full.
type patientConnector struct {
	driver.Connector
	full     func(error) bool
	patience time.Duration
}

// Connect implements driver.Connector.
func (c patientConnector) Connect(ctx context.Context) (driver.Conn, error) {
	deadline := time.Now().Add(c.patience)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		connection, err := c.Connector.Connect(ctx)
		if err == nil || !c.full(err) || time.Now().After(deadline) {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(rand.N(pause) + pause/2):
		}
	}
}
