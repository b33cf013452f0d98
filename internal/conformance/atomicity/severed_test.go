package atomicity_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// atomicConnectionEnds lets the server end the connection before every other statement in turn, as each time takes a connection.
func atomicConnectionEnds(t *testing.T, c *atomicCase, call atomicCall) {
	before := c.prepare(t, call)
	severed := 0
	for n := c.first(); ; n += 2 {
		c.notes(t)
		value := call.value()
		var at string
		there := true
		err, commitErr := c.run(t, t.Context(), func(tx *gorm.DB) error { return call.run(tx, value) }, func() {
			c.faults.OnStatement(func(number int, sql string) error {
				if number == n {
					at, there = sql, c.Sever(t)
				}
				return nil
			})
		})
		switch {
		case !there: // the database is in this process
			return
		case at == "": // all statements were sent
			require.NoError(t, errors.Join(err, commitErr))
			require.Positive(t, severed)
			return
		case err == nil && !c.within: // there was no transaction yet: it began on another connection
			require.Zero(t, severed, at)
			before = c.prepare(t, call)
			continue
		}
		severed++
		require.Error(t, err, at)
		require.Equal(t, call.value(), value, at)
		require.Equal(t, before, c.rows(t, call.family), at)
		if c.within { // what the caller wrote himself is gone with his transaction
			require.Error(t, commitErr, at)
			require.Zero(t, c.notes(t), at)
		}
	}
}
