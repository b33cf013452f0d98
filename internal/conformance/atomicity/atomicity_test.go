package atomicity_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

var errAtomic = errors.New("injected")

func TestAtomicity(t *testing.T) {
	calls := []struct {
		fact string
		test func(t *testing.T, c *atomicCase, call atomicCall)
	}{
		{"a call that fails at any statement changes nothing", atomicStatementFails},
		{"a call that loses the answer to any statement changes nothing", atomicAnswerIsLost},
		{"a call whose connection ends at any statement changes nothing", atomicConnectionEnds},
		{"a context that has ended lets nothing happen", atomicContextHasEnded},
		{"a context that ends at any statement undoes all", atomicContextEnds},
		{"a hook that fails undoes all", atomicHookFails},
		{"a trigger that refuses a row undoes all", atomicTriggerRefuses},
	}
	others := []struct {
		fact string
		test func(t *testing.T, c *atomicCase)
	}{
		{"every hook of a cascade can stop it", atomicEveryHook},
		{"a deletion in a hook that fails leaves the outer one whole", atomicInnerDeletionFails},
		{"a foreign key that refuses at COMMIT blocks the deletion", atomicCommitRefused},
	}
	for _, mode := range atomicModes {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				c := newAtomicCase(t, database, mode)
				for _, fact := range calls {
					t.Run(fact.fact, func(t *testing.T) {
						for _, call := range atomicCalls {
							t.Run(call.name, func(t *testing.T) { fact.test(t, c, call) })
						}
					})
				}
				for _, fact := range others {
					t.Run(fact.fact, func(t *testing.T) { fact.test(t, c) })
				}
			})
		})
	}
}

func atomicStatementFails(t *testing.T, c *atomicCase, call atomicCall) {
	c.failEach(t, call, c.faults.OnStatement, func(failed string, before, after []string) {
		require.Equal(t, before, after, "%s is not sent", failed)
	})
}

func atomicAnswerIsLost(t *testing.T, c *atomicCase, call atomicCall) {
	c.failEach(t, call, c.faults.AfterStatement, func(failed string, before, after []string) {
		if failed != "COMMIT" { // which has happened, only the caller does not know
			require.Equal(t, before, after, "%s gets no answer", failed)
		}
	})
}

// failEach fails one statement of a call after the other, and checks the rows each time.
func (c *atomicCase) failEach(t *testing.T, call atomicCall, plan func(func(int, string) error), check func(failed string, before, after []string)) {
	before := c.prepare(t, call)
	for n := 1; ; n++ {
		var failed string
		if !c.fail(t, call, &failed, func() { plan(atomicAt(n, &failed)) }) {
			require.Greater(t, n, 2, "the call sends statements")
			return
		}
		check(failed, before, c.rows(t, call.family))
	}
}

// atomicAt is a plan that fails the n-th statement and tells which one that was.
func atomicAt(n int, failed *string) func(int, string) error {
	return func(number int, sql string) error {
		if number != n {
			return nil
		}
		*failed = sql
		return errAtomic
	}
}

// fail makes one try that fails by the plan. The caller's value is as before, and what he wrote himself is there. It tells
// whether the plan was met: how many statements there are depends on what other transactions do meanwhile.
func (c *atomicCase) fail(t *testing.T, call atomicCall, failed *string, plan func()) (met bool) {
	t.Helper()
	c.notes(t)
	value := call.value()
	err, commitErr := c.run(t, t.Context(), func(tx *gorm.DB) error { return call.run(tx, value) }, plan)
	notes := c.notes(t)
	if *failed == "" {
		require.NoError(t, errors.Join(err, commitErr))
		return false
	}
	require.Error(t, err)
	require.Equal(t, call.value(), value, *failed)
	require.ErrorIs(t, err, errAtomic, *failed)
	if c.within {
		require.NoError(t, commitErr, *failed)
		require.EqualValues(t, 2, notes, *failed)
	}
	return true
}
