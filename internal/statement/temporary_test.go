package statement_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestATemporaryTableIsGoneWithItsUnitOfWork(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, database.Open(t))
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		fixture.Exec(t, db, "CREATE TABLE found (number int)", "INSERT INTO found VALUES (1)")
		fails := errors.New("fails")
		makes := func(db *gorm.DB, end func() error) error {
			return statement.Work(db, func(tx *gorm.DB) error {
				start := func() *statement.Query { return statement.NewQuery(tx, d) }
				for range 2 { // the second time one is left
					q := start()
					create, _ := d.TemporaryTable(q.Quoted("", "found"), "")
					if err := q.Text(create, "SELECT 2 AS number").MakeTemporary("found"); err != nil {
						return err
					}
					require.Equal(t, 1, fixture.Rows(t, tx, "found", "number = 2"), "it hides the other")
					if !d.Has(dialect.TemporaryStays) {
						break // a table is made once
					}
				}
				return end()
			})
		}
		isGone := func(db *gorm.DB) {
			require.Equal(t, 1, fixture.Rows(t, db, "found", "number = 1"))
		}
		require.ErrorIs(t, makes(db, func() error { return fails }), fails)
		isGone(db)
		require.PanicsWithValue(t, fails, func() { _ = makes(db, func() error { panic(fails) }) })
		isGone(db)
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			require.ErrorIs(t, makes(tx, func() error { return fails }), fails)
			isGone(tx)
			return nil
		}))
		require.ErrorIs(t, statement.Rehearse(db, func(tx *gorm.DB) error { return makes(tx, func() error { return fails }) }), fails)
		isGone(db)
	})
}
