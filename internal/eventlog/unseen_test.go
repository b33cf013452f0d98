package eventlog_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type unseenLogged struct {
	_       struct{} `softdelete:"events"`
	ID      uint
	UnderID *uint
}

func TestARebuildByWhichTheDatabaseWouldReachHiddenRowsIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&unseenLogged{}}})
		role := fixture.Role(t, db, "ALL")
		for i, action := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
			for _, held := range []bool{false, true} {
				said := fmt.Sprint(action, " held ", held)
				notes := fmt.Sprint("notes_", i, "_", held)
				seen, hidden, kept := uint(10), uint(11), uint(12)
				for _, id := range []uint{seen, hidden, kept} {
					require.NoError(t, db.Create(&unseenLogged{ID: id}).Error)
				}
				require.NoError(t, db.Delete(&[]unseenLogged{{ID: seen}, {ID: hidden}, {ID: kept}}).Error)
				fixture.Exec(
					t, db, "INSERT INTO unseen_loggeds (id) VALUES (10), (11), (12), (99) ON CONFLICT DO NOTHING",
					"CREATE TABLE "+notes+" (tenant int, at bigint DEFAULT 99 CONSTRAINT at_"+notes+" REFERENCES unseen_loggeds ON DELETE "+action+")",
					"ALTER TABLE "+notes+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON "+notes+" USING (tenant = 1)", "GRANT ALL ON "+notes+" TO "+role,
					"INSERT INTO "+notes+" VALUES (1, 10), (1, 11), (1, 12), (1, 12), (2, 11)",
				)
				removed := int64(3)
				var hold softdelete.HoldID
				if held {
					var err error
					hold, err = softdelete.Hold(db, &unseenLogged{ID: kept}, softdelete.HoldOptions{Matter: "a case"})
					require.NoError(t, err)
					removed = 2
				}
				all := func() (text string) {
					var rows []string
					require.NoError(t, db.Raw("SELECT n::text FROM "+notes+" AS n ORDER BY 1").Scan(&rows).Error)
					return fmt.Sprint(rows, fixture.Dump(t, db, &unseenLogged{}))
				}
				before := all()
				fixture.As(t, db, role, func(db *gorm.DB) {
					_, err := softdelete.Rebuild(db, &unseenLogged{})
					require.ErrorIs(t, err, softdelete.ErrUnsupported, said)
					require.ErrorContains(t, err, "hides rows of the table "+notes+" from this role", said)
					require.ErrorContains(t, err, "1 of them unseen", said)
				})
				require.Equal(t, before, all(), said)
				fixture.Exec(t, db, "DELETE FROM "+notes+" WHERE tenant = 2")
				fixture.As(t, db, role, func(db *gorm.DB) {
					rows, err := softdelete.Rebuild(db, &unseenLogged{})
					require.NoError(t, err, said)
					require.Equal(t, removed, rows, said)
				})
				if held {
					require.NoError(t, softdelete.Release(db, hold))
				}
				fixture.Exec(t, db, "DROP TABLE "+notes, "DELETE FROM unseen_loggeds WHERE id < 99")
			}
		}
	})
}

func TestARebuildNamesThePrivilegeThatItLacks(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&unseenLogged{}}})
		require.NoError(t, db.Create(&unseenLogged{ID: 1}).Error)
		role := fixture.Role(t, db, "ALL")
		fixture.Exec(t, db, "REVOKE DELETE ON unseen_loggeds FROM "+role)
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Rebuild(db, &unseenLogged{})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "the table unseen_loggeds of unseenLogged that this needs; GRANT SELECT, DELETE ON unseen_loggeds to it")
		})
	})
}

func TestARebuildTellsTheRowsThatGoWithOthersOfTheirTable(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&unseenLogged{}}})
		for id := uint(1); id <= 4; id++ {
			require.NoError(t, db.Create(&unseenLogged{ID: id}).Error)
		}
		require.NoError(t, db.Delete(&[]unseenLogged{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4}}).Error)
		fixture.Exec(
			t, db, "INSERT INTO unseen_loggeds (id, under_id) VALUES (1, NULL), (2, 1), (3, 1), (4, NULL), (7, 4)",
			"ALTER TABLE unseen_loggeds ADD CONSTRAINT under FOREIGN KEY (under_id) REFERENCES unseen_loggeds ON DELETE CASCADE",
			"ALTER TABLE unseen_loggeds ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON unseen_loggeds USING (id < 7)",
		)
		role := fixture.Role(t, db, "ALL")
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Rebuild(db, &unseenLogged{})
			require.ErrorContains(t, err, "hides rows of the table unseen_loggeds from this role")
		})
		fixture.Exec(t, db, "DELETE FROM unseen_loggeds WHERE id = 7")
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Rebuild(db, &unseenLogged{})
			require.NoError(t, err)
		})
		require.Zero(t, fixture.Rows(t, db, "unseen_loggeds"))
	})
}
