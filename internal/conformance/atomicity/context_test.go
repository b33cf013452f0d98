package atomicity_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func atomicContextHasEnded(t *testing.T, c *atomicCase, call atomicCall) {
	before := c.prepare(t, call)
	recorder := testdb.Record(c.db)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	value := call.value()
	err, commitErr := c.run(t, ctx, func(tx *gorm.DB) error { return call.run(tx, value) }, recorder.Reset)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, commitErr)
	for _, sql := range recorder.Statements() {
		require.Regexp(t, "^(BEGIN|COMMIT|ROLLBACK|INSERT INTO .atomic_notes)", sql)
	}
	require.Equal(t, call.value(), value)
	require.Equal(t, before, c.rows(t, call.family))
}

func atomicContextEnds(t *testing.T, c *atomicCase, call atomicCall) {
	if !c.within && call.family.last != atomicShops.last {
		return // here database/sql undoes, whatever the call, and every try costs a connection
	}
	before := c.prepare(t, call)
	for n := c.first(); ; n += 2 {
		c.notes(t)
		ctx, cancel := context.WithCancel(t.Context())
		var at string
		value := call.value()
		err, commitErr := c.run(t, ctx, func(tx *gorm.DB) error { return call.run(tx, value) }, func() {
			c.faults.OnStatement(func(number int, sql string) error {
				if number == n {
					at = sql
					cancel()
				}
				return nil
			})
		})
		cancel()
		if at == "" { // all statements were sent
			require.NoError(t, errors.Join(err, commitErr))
			require.Greater(t, n, 3)
			return
		}
		require.Error(t, err, at)
		require.Equal(t, call.value(), value, at)
		require.Equal(t, before, c.rows(t, call.family), at)
		if c.within { // else GORM may tell of the rollback that database/sql made instead
			require.ErrorIs(t, err, context.Canceled, at)
			require.NoError(t, commitErr, "the caller's own context goes on")
			require.EqualValues(t, 2, c.notes(t), at)
		}
	}
}
