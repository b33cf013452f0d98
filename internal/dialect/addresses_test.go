package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestTheExtentOfATableIsOfThoseThatNumberTheirRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		if database.Name != "sqlite" {
			return // which numbers the blocks of every table
		}
		db := database.Open(t)
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		fixture.Exec(t, db, "CREATE TABLE `a``b` (code text PRIMARY KEY, n integer UNIQUE)")
		fixture.Exec(t, db, "INSERT INTO `a``b` (_rowid_, code, n) VALUES (3, 'x', 1), (8, 'y', 2)")
		fixture.Exec(t, db, "CREATE TABLE plain (id integer PRIMARY KEY)")
		fixture.Exec(t, db, "CREATE TABLE keyed (code text PRIMARY KEY) WITHOUT ROWID")
		fixture.Exec(t, db, "CREATE VIRTUAL TABLE virtual USING fts4 (code)")
		fixture.Exec(t, db, "CREATE VIEW shown AS SELECT * FROM plain")
		for _, table := range []string{"plain", "keyed", "virtual", "shown", "absent"} {
			_, ok, err := d.Extent(db, table)
			require.NoError(t, err, table)
			require.False(t, ok, table)
		}
		for _, table := range []string{"a`b", "A`B", "main.a`b"} {
			extent, ok, err := d.Extent(db, table)
			require.NoError(t, err, table)
			require.True(t, ok, table)
			require.Equal(t, dialect.Extent{First: 3, Last: 8}, extent, table)
		}
	})
}
