package testdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errFull = errors.New("full")

// crowded is a connector to a server that is full for some attempts.
type crowded struct {
	driver.Connector
	refusals, attempts int
	err                error
}

func (c *crowded) Connect(context.Context) (driver.Conn, error) {
	if c.attempts++; c.attempts <= c.refusals {
		return nil, c.err
	}
	return nil, nil
}

func TestPatientConnector(t *testing.T) {
	isFull := func(err error) bool { return errors.Is(err, errFull) }

	t.Run("tries again until the server has a connection", func(t *testing.T) {
		server := &crowded{refusals: 3, err: errFull}
		_, err := patientConnector{server, isFull, time.Minute}.Connect(t.Context())
		require.NoError(t, err)
		require.Equal(t, 4, server.attempts)
	})

	t.Run("gives up when its patience ends", func(t *testing.T) {
		server := &crowded{refusals: 1000, err: errFull}
		_, err := patientConnector{server, isFull, 20 * time.Millisecond}.Connect(t.Context())
		require.ErrorIs(t, err, errFull)
	})

	t.Run("gives up when the context ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := patientConnector{&crowded{refusals: 1000, err: errFull}, isFull, time.Minute}.Connect(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})

	t.Run("tries once where something else is wrong", func(t *testing.T) {
		server := &crowded{refusals: 1, err: errors.New("no such host")}
		_, err := patientConnector{server, isFull, time.Minute}.Connect(t.Context())
		require.Equal(t, server.err, err)
		require.Equal(t, 1, server.attempts)
	})
}
