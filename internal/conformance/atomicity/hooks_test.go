package atomicity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// withHook gives a context under which the models' hooks call a function.
func (c *atomicCase) withHook(ctx context.Context, hook atomicHookFunc) context.Context {
	return context.WithValue(ctx, atomicHookKey{}, hook)
}

func atomicHookFails(t *testing.T, c *atomicCase, call atomicCall) {
	c.prepare(t, call)
	var hooks []string
	ctx := c.withHook(t.Context(), func(_ *gorm.DB, hook string) error {
		hooks = append(hooks, hook)
		return nil
	})
	value := call.value()
	err, commitErr := c.run(t, ctx, func(tx *gorm.DB) error { return call.run(tx, value) }, func() {})
	require.NoError(t, errors.Join(err, commitErr))

	before := c.prepare(t, call)
	for n := c.first() - 1; n < len(hooks); n += 2 {
		failing := hooks[n]
		c.notes(t)
		calls := 0
		ctx := c.withHook(t.Context(), func(tx *gorm.DB, hook string) error {
			calls++
			if err := tx.Create(&atomicNote{}).Error; err != nil || calls <= n {
				return err
			}
			return errAtomic
		})
		value := call.value()
		err, commitErr := c.run(t, ctx, func(tx *gorm.DB) error { return call.run(tx, value) }, func() {})
		require.ErrorIs(t, err, errAtomic, failing)
		require.NoError(t, commitErr, failing)
		require.Greater(t, calls, n, failing)
		require.Equal(t, call.value(), value, failing)
		require.Equal(t, before, c.rows(t, call.family), failing)
		if notes := c.notes(t); c.within {
			require.EqualValues(t, 2, notes, "what hooks wrote is undone, what the caller wrote stays")
		} else {
			require.Zero(t, notes, "what hooks wrote is undone")
		}
	}
}

func atomicEveryHook(t *testing.T, c *atomicCase) {
	c.fill(t, atomicOrgs)
	var hooks []string
	db := c.db.WithContext(c.withHook(t.Context(), func(_ *gorm.DB, hook string) error {
		if !slices.Contains(hooks, hook) {
			hooks = append(hooks, hook)
		}
		return nil
	}))
	require.NoError(t, db.Delete(&atomicOrg{ID: 1}).Error)
	require.ElementsMatch(t, []string{
		"org.BeforeDelete", "user.BeforeDelete", "post.BeforeDelete", "org.AfterDelete", "user.AfterDelete", "post.AfterDelete",
	}, hooks)
	hooks = nil
	_, err := softdelete.Restore(db, &atomicOrg{ID: 1})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"org.BeforeRestore", "user.BeforeRestore", "org.AfterRestore", "post.AfterRestore"}, hooks)
}

// refuse makes the database refuse changes of a row, and gives what ends that.
func (c *atomicCase) refuse(t *testing.T, row atomicRow) (stop func()) {
	t.Helper()
	return fixture.Refuse(t, c.plain, row.table, fmt.Sprintf("OLD.id = %d", row.id), "refused")
}

func atomicTriggerRefuses(t *testing.T, c *atomicCase, call atomicCall) {
	before := c.prepare(t, call)
	stop := c.refuse(t, call.family.last)
	c.notes(t)
	value := call.value()
	err, commitErr := c.run(t, t.Context(), func(tx *gorm.DB) error { return call.run(tx, value) }, func() {})
	stop()
	require.ErrorContains(t, err, "refused")
	require.NoError(t, commitErr)
	require.Equal(t, call.value(), value)
	require.Equal(t, before, c.rows(t, call.family))
	if c.within {
		require.EqualValues(t, 2, c.notes(t))
	}
}

func atomicInnerDeletionFails(t *testing.T, c *atomicCase) {
	c.fill(t, atomicOrgs)
	c.fill(t, atomicShops)
	before := c.rows(t, atomicShops)
	stop := c.refuse(t, atomicShops.last)
	shop, inner := atomicShop{ID: 1}, 0
	ctx := c.withHook(t.Context(), func(tx *gorm.DB, hook string) error {
		if hook == "post.BeforeDelete" || hook == "org.AfterDelete" {
			inner++
			if err := tx.Delete(&shop).Error; err == nil {
				return errors.New("the inner deletion was not refused")
			}
		}
		return nil
	})
	org := atomicOrg{ID: 1}
	err, commitErr := c.run(t, ctx, func(tx *gorm.DB) error { return tx.Delete(&org).Error }, func() {})
	stop()
	require.NoError(t, errors.Join(err, commitErr))
	require.Greater(t, inner, 1)
	require.True(t, org.DeletedAt.Valid)
	var live int64
	require.NoError(t, c.db.Model(&atomicUser{}).Where("org_id = 1").Count(&live).Error)
	require.Zero(t, live)
	var ledger []softdelete.Deletion
	require.NoError(t, c.db.Find(&ledger).Error)
	require.Len(t, ledger, 1)
	require.EqualValues(t, 6, ledger[0].Rows)
	require.NoError(t, c.db.Where("1 = 1").Delete(&ledger).Error)

	require.Equal(t, atomicShop{ID: 1}, shop)
	require.Equal(t, before, c.rows(t, atomicShops))
}

func TestAForeignKeyThatRefusesAtCommitBlocksTheDeletion(t *testing.T) {
	for _, mode := range atomicModes {
		if mode.within {
			continue // the commit is the caller's
		}
		t.Run(mode.name, func(t *testing.T) {
			testdb.EachOf(t, testdb.DeferredKeys, func(t *testing.T, database *testdb.Database) {
				c := newAtomicCase(t, database, mode)
				c.fill(t, atomicShops)
				fixture.Exec(t, c.plain, "CREATE TABLE atomic_leases (shop_id bigint REFERENCES atomic_shops (id) DEFERRABLE INITIALLY DEFERRED)",
					"INSERT INTO atomic_leases VALUES (1)")
				before := c.rows(t, atomicShops)
				shop := atomicShop{ID: 1}
				done := c.db.Unscoped().Delete(&shop)
				require.ErrorIs(t, done.Error, softdelete.ErrBlocked)
				require.Zero(t, done.RowsAffected)
				require.Equal(t, atomicShop{ID: 1}, shop)
				require.Equal(t, before, c.rows(t, atomicShops))
			})
		})
	}
}
