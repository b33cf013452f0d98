package atomicity_test

import (
	"errors"
	"hash/fnv"
	"regexp"
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
		{"a call that fails at any statement, or loses the answer to it, changes nothing", atomicStatementFails},
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

// atomicStatementFails lets each statement of a call fail, one after the other: in one of two ways, the other of which is the sibling
// mode's.
func atomicStatementFails(t *testing.T, c *atomicCase, call atomicCall) {
	before := c.prepare(t, call)
	first, step := 1, 1
	if c.StatementsPerWrite() > 1 { // of so many, each mode has those that its sibling has not
		first, step = c.first(), 2
	}
	for n := first; ; n += step {
		failed, lost := "", false
		met := c.fail(t, call, &failed, func() {
			c.faults.AroundStatement(func(number int, sql string) error {
				if number != n {
					return nil
				}
				failed, lost = sql, c.loses(sql)
				if lost {
					return nil
				}
				return errAtomic
			}, func(number int, _ string) error {
				if number == n && lost {
					return errAtomic
				}
				return nil
			})
		})
		if !met {
			require.Greater(t, n, 2, "the call sends statements")
			return
		}
		if !lost || failed != "COMMIT" { // which has happened, only the caller does not know
			require.Equal(t, before, c.rows(t, call.family), "%s fails, or its answer is lost: %v", failed, lost)
		}
	}
}

// address is in the name of a savepoint.
var address = regexp.MustCompile("0x[0-9a-f]+")

// loses tells whether a statement's answer is lost, else it is not sent. What is so in one mode is not in its sibling, whatever the
// order of a call's statements, which is not always the same, nor their number, which falls with what is looked up once.
func (c *atomicCase) loses(sql string) bool {
	sum := fnv.New32a()
	_, _ = sum.Write(address.ReplaceAll([]byte(sql), nil)) // it never fails
	return (sum.Sum32()>>16&1 == 1) != c.other
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
	require.Error(t, err, *failed)
	require.Equal(t, call.value(), value, *failed)
	require.ErrorIs(t, err, errAtomic, *failed)
	if c.within {
		require.NoError(t, commitErr, *failed)
		require.EqualValues(t, 2, notes, *failed)
	}
	return true
}
