package erasure_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	unseenPerson struct {
		ID        uint
		Name      string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Files     []unseenFile  `gorm:"foreignKey:PersonID;constraint:-"`
		Trips     []unseenTrip  `gorm:"foreignKey:PersonID;constraint:-"`
		Wares     []unseenWare  `gorm:"foreignKey:PersonID;constraint:-"`
		Cards     []unseenCard  `gorm:"foreignKey:PersonID;constraint:-"`
		Basis     []unseenBasis `gorm:"foreignKey:PersonID;constraint:-"`
	}
	// unseenFile is removed by an erasure, and has a log.
	unseenFile struct {
		_            struct{} `softdelete:"hard;events" pii:"delete"`
		ID, PersonID uint
		Text         string
	}
	// unseenTrip has nothing personal, and leads to what has.
	unseenTrip struct {
		ID, PersonID uint
		Stops        []unseenStop `gorm:"foreignKey:TripID;constraint:-"`
	}
	unseenStop struct {
		_          struct{} `softdelete:"archive"`
		ID, TripID uint
		Place      string `pii:"null"`
	}
	// unseenWare has nothing personal and leads to nothing that has.
	unseenWare struct{ ID, PersonID uint }
	// unseenCard has the reason of its deletion, which an erasure clears.
	unseenCard struct {
		ID, PersonID uint
		DeletedAt    gorm.DeletedAt
		Reason       string `softdelete:"reason"`
	}
	// unseenBasis is kept, and counted.
	unseenBasis struct {
		ID, PersonID uint
		Bill         string `pii:"keep;basis:tax law"`
	}
)

var unseenModels = []any{&unseenPerson{}, &unseenFile{}, &unseenTrip{}, &unseenStop{}, &unseenWare{}, &unseenCard{}, &unseenBasis{}}

// unseenTables are the tables in which an erasure looks for something, with their models.
var unseenTables = map[string]string{
	"unseen_people": "unseenPerson", "unseen_files": "unseenFile", "unseen_files_events": "unseenFile", "unseen_trips": "unseenTrip",
	"unseen_stops": "unseenStop", "unseen_stops_archive": "unseenStop", "unseen_cards": "unseenCard", "unseen_bases": "unseenBasis",
}

func unseenPeople(t *testing.T, database *testdb.Database) *gorm.DB {
	db := fixture.Open(t, database, softdelete.Config{Models: unseenModels})
	for id := uint(1); id <= 3; id++ {
		require.NoError(t, db.Create(&unseenPerson{
			ID: id, Name: "Ann", Files: []unseenFile{{ID: id, Text: "Ann's"}}, Trips: []unseenTrip{{Stops: []unseenStop{{Place: "home"}}}}, Wares: make([]unseenWare, 1),
			Cards: make([]unseenCard, 1), Basis: make([]unseenBasis, 1),
		}).Error)
	}
	return db
}

func TestAnErasureByARoleThatAPolicyMayHideRowsFromIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := unseenPeople(t, database)
		role := fixture.Role(t, db, "ALL")
		erase := func(db *gorm.DB) (*softdelete.Certificate, error) {
			return softdelete.Erase(db, &unseenPerson{ID: 1}, softdelete.ErasureRequest{})
		}
		for table, model := range unseenTables {
			fixture.Exec(t, db, "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY every ON "+table+" USING (true)")
			before := fixture.Dump(t, db, unseenModels...)
			fixture.As(t, db, role, func(db *gorm.DB) {
				_, erased := erase(db)
				_, previewed := softdelete.PreviewErasure(db, &unseenPerson{ID: 1})
				for _, err := range []error{erased, previewed} {
					require.ErrorIs(t, err, softdelete.ErrUnsupported, table)
					require.ErrorContains(t, err, "may hide rows of the table "+table+" of "+model+" from this role", table)
					require.ErrorContains(t, err, "BYPASSRLS; nothing was erased", table)
				}
			})
			require.Equal(t, before, fixture.Dump(t, db, unseenModels...), table)
			require.Zero(t, fixture.Rows(t, db, "softdelete_certificates"), table)
			fixture.Exec(t, db, "ALTER TABLE "+table+" DISABLE ROW LEVEL SECURITY")
		}
		fixture.Exec(t, db, "ALTER TABLE unseen_wares ENABLE ROW LEVEL SECURITY")
		fixture.As(t, db, role, func(db *gorm.DB) {
			c, err := erase(db)
			require.NoError(t, err, "nothing personal is hidden")
			require.True(t, c.Verified)
		})
		for table := range unseenTables {
			fixture.Exec(t, db, "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY")
		}
		_, err := softdelete.Erase(db, &unseenPerson{ID: 2}, softdelete.ErasureRequest{})
		require.NoError(t, err, "a superuser sees all")
		fixture.Exec(t, db, "ALTER TABLE unseen_people OWNER TO "+role, "ALTER TABLE unseen_people FORCE ROW LEVEL SECURITY")
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Erase(db, &unseenPerson{ID: 3}, softdelete.ErasureRequest{})
			require.ErrorContains(t, err, "the table unseen_people of unseenPerson", "an owner who is forced")
		})
		fixture.Exec(t, db, "ALTER ROLE "+role+" BYPASSRLS")
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Erase(db, &unseenPerson{ID: 3}, softdelete.ErasureRequest{})
			require.NoError(t, err, "BYPASSRLS")
		})
	})
}

func TestAnErasureByWhichTheDatabaseWouldReachHiddenRowsIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := unseenPeople(t, database)
		role := fixture.Role(t, db, "ALL")
		for i, action := range []string{"CASCADE", "SET NULL", "SET DEFAULT"} {
			notes, person := fmt.Sprint("notes_", i), uint(10+i*10)
			seen, hidden, free := person, person+1, person+2
			for _, id := range []uint{seen, hidden, free} {
				require.NoError(t, db.Create(&unseenPerson{ID: id, Name: "Ann", Files: []unseenFile{{ID: id, Text: "Ann's"}}}).Error)
			}
			fixture.Exec(
				t, db, "CREATE TABLE "+notes+" (tenant int, at bigint DEFAULT 3 CONSTRAINT at_"+notes+" REFERENCES unseen_files ON DELETE "+action+")",
				"ALTER TABLE "+notes+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON "+notes+" USING (tenant = 1)", "GRANT ALL ON "+notes+" TO "+role,
				fmt.Sprintf("INSERT INTO %s VALUES (1, %d), (1, %d), (2, %d)", notes, seen, hidden, hidden),
			)
			all := func() string {
				var rows []string
				require.NoError(t, db.Raw("SELECT n::text FROM "+notes+" AS n ORDER BY 1").Scan(&rows).Error)
				return fmt.Sprint(rows, fixture.Dump(t, db, unseenModels...))
			}
			before := all()
			fixture.As(t, db, role, func(db *gorm.DB) {
				_, err := softdelete.Erase(db, &unseenPerson{ID: hidden}, softdelete.ErasureRequest{})
				require.ErrorIs(t, err, softdelete.ErrUnsupported, action)
				require.ErrorContains(t, err, "hides rows of the table "+notes+" from this role", action)
				require.ErrorContains(t, err, "foreign key at_"+notes+" the database removed or changed 1 of them", action)
			})
			require.Equal(t, before, all(), action)
			fixture.As(t, db, role, func(db *gorm.DB) {
				for _, id := range []uint{seen, free} {
					_, err := softdelete.Erase(db, &unseenPerson{ID: id}, softdelete.ErasureRequest{})
					require.NoError(t, err, action)
				}
			})
			_, err := softdelete.Erase(db, &unseenPerson{ID: hidden}, softdelete.ErasureRequest{})
			require.NoError(t, err, "a superuser sees all: "+action)
		}
	})
}

func TestAnErasureByARoleThatMayNotSeeAllDeletionsOrHoldsIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: unseenModels, Ledger: true, Holds: true})
		role := fixture.Role(t, db, "ALL")
		require.NoError(t, db.Create(&[]unseenPerson{{ID: 1, Name: "Ann"}, {ID: 2, Name: "Bob"}}).Error)
		why := db.WithContext(softdelete.WithReason(t.Context(), "Ann asked"))
		require.NoError(t, why.Delete(&unseenPerson{ID: 1}).Error)
		_, err := softdelete.Hold(db, &unseenPerson{ID: 2}, softdelete.HoldOptions{Matter: "a case"})
		require.NoError(t, err)
		for table, person := range map[string]uint{"softdelete_deletions": 1, "softdelete_holds": 2} {
			fixture.Exec(t, db, "ALTER TABLE "+table+" ENABLE ROW LEVEL SECURITY")
			fixture.As(t, db, role, func(db *gorm.DB) {
				_, erased := softdelete.Erase(db, &unseenPerson{ID: person}, softdelete.ErasureRequest{})
				_, previewed := softdelete.PreviewErasure(db, &unseenPerson{ID: person})
				for _, err := range []error{erased, previewed} {
					require.ErrorIs(t, err, softdelete.ErrUnsupported, table)
					require.ErrorContains(t, err, "may hide rows of the table "+table+" of the plugin from this role", table)
				}
			})
			fixture.Exec(t, db, "ALTER TABLE "+table+" DISABLE ROW LEVEL SECURITY")
		}
		require.Equal(t, 2, fixture.Rows(t, db, "unseen_people", "name <> ''"))
		require.Equal(t, 1, fixture.Rows(t, db, "softdelete_deletions", "reason <> ''"))
		fixture.As(t, db, role, func(db *gorm.DB) {
			_, err := softdelete.Erase(db, &unseenPerson{ID: 1}, softdelete.ErasureRequest{})
			require.NoError(t, err, "all of them show")
		})
	})
}
