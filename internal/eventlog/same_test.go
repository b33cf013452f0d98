package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What writes a log compares the columns of a row before and after. Values that the database's own comparison takes for the same
// are not the same to whoever reads them.

type (
	sameFolded struct {
		_    struct{} `softdelete:"events"`
		ID   uint
		Name string `gorm:"type:text COLLATE NOCASE"`
		Any  string `gorm:"type:blob"`
	}
	sameWide struct {
		_      struct{} `softdelete:"events"`
		ID     uint
		Name   string  `gorm:"type:text COLLATE same_folded"`
		Price  string  `gorm:"type:numeric"`
		Span   string  `gorm:"type:interval"`
		Real   float64 `gorm:"type:double precision"`
		Data   string  `gorm:"type:json"`
		Prices string  `gorm:"type:numeric[]"`
	}
	// sameNames has columns named as what stands in the triggers' own text.
	sameNames struct {
		_       struct{} `softdelete:"events"`
		ID      uint
		Context string
		Acts    string
		Why     string
		// Deletion and the others are texts.
		Deletion, Restores, Erases, Moment, First, Own, Nested, Last, Changes, Type, Version, Content, RowKey, At, Data string
	}
	// sameLetters has columns named as the triggers call the rows, and one that an earlier release has not.
	sameLetters struct {
		_       struct{} `softdelete:"events"`
		ID      uint
		R, O, E string
		Added   string
	}
	sameKeyFolded struct {
		_    struct{} `softdelete:"events"`
		ID   string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Size int
	}
	sameKeyWide struct {
		_    struct{} `softdelete:"events"`
		ID   string   `gorm:"primaryKey;type:text COLLATE same_folded"`
		Size int
	}
	sameEarlier struct {
		_       struct{} `softdelete:"events"`
		ID      uint
		R, O, E string
	}
)

func (sameEarlier) TableName() string { return "same_letters" }

func TestAChangeToWhatTheDatabaseTakesForEqualIsAnEvent(t *testing.T) {
	requireLogged := func(t *testing.T, db *gorm.DB, model any, changes [][2]string) {
		t.Helper()
		want := 1
		for _, c := range changes {
			for range 2 { // the second leaves the row as it is
				require.NoError(t, db.Model(model).UpdateColumn(c[0], gorm.Expr(c[1])).Error, c)
			}
			want++
			events := history(t, db, model)
			require.Len(t, events, want, "%v", c)
			require.Contains(t, string(events[want-1].Data), `{"`+c[0]+`":`)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		db := fixture.Models(t, testdb.SQLite(t), []any{&sameFolded{}})
		require.NoError(t, db.Create(&sameFolded{ID: 1, Name: "ann", Any: "1"}).Error)
		requireLogged(t, db, &sameFolded{ID: 1}, [][2]string{
			{"name", "'Ann'"}, {"name", "'ANN'"}, {"any", "1"}, {"any", "1.0"}, {"any", "x'31'"}, {"any", "NULL"}, {"any", "'1' || char(0)"}, {"any", "'1' || char(0) || '1'"},
		})
	})
	t.Run("postgres", func(t *testing.T) {
		database := testdb.Postgres(t)
		fixture.Exec(t, database.Open(t), "CREATE COLLATION same_folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
		db := fixture.Models(t, database, []any{&sameWide{}})
		require.NoError(t, db.Create(&sameWide{ID: 1, Name: "ann", Price: "1.0", Span: "1 day", Data: `{"a":1}`, Prices: "{1.0}"}).Error)
		requireLogged(t, db, &sameWide{ID: 1}, [][2]string{
			{"name", "'Ann'"},
			{"price", "1.00"},
			{"span", "interval '24 hours'"},
			{"real", "'-0'::double precision"},
			{"data", `'{"a": 1}'`},
			{"prices", "'{1.00}'"},
			{"prices", "'[0:0]={1.00}'"},
			{"data", `'{"a":1, "a":1}'`},
		})
	})
}

func TestColumnsMayBeNamedAsWhatTheTriggersSay(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&sameNames{}})
		row := sameNames{ID: 1, Context: "{", Moment: "now", Erases: "same_names", Restores: "1", Deletion: "x"}
		require.NoError(t, db.Create(&row).Error)
		row.Context, row.Acts, row.Last, row.Changes, row.Content, row.At = "}", "who", "2", "{}", "removed", "never"
		require.NoError(t, db.Save(&row).Error)
		stored := sameNames{ID: 1}
		require.NoError(t, softdelete.AsOf(db, &stored, time.Now().Add(time.Minute)))
		require.Equal(t, row, stored)
		require.NoError(t, db.Delete(&row).Error)
		require.Equal(t, []string{"created", "updated", "deleted"}, kinds(history(t, db, &sameNames{ID: 1})))
	})
}

func TestAColumnOfAnotherReleaseIsLoggedBesideColumnsNamedAsTheTriggersCallRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		later := fixture.Models(t, database, []any{&sameLetters{}})
		db := fixture.Models(t, database, []any{&sameEarlier{}})
		require.NoError(t, db.Create(&sameEarlier{ID: 2, R: "{}", O: "o", E: "e"}).Error)
		require.NoError(t, db.Model(&sameEarlier{ID: 2}).Update("added", "y").Error)
		stored := sameLetters{ID: 2}
		require.NoError(t, softdelete.AsOf(later, &stored, time.Now().Add(time.Minute)))
		require.Equal(t, sameLetters{ID: 2, R: "{}", O: "o", E: "e", Added: "y"}, stored)
		require.Contains(t, string(history(t, db, &sameEarlier{ID: 2})[1].Data), `{"added":`)
	})
}

// requireFolded says that keys which a collation takes for the same are those of two rows, of which one is there.
func requireFolded[M any](t *testing.T, db *gorm.DB, row func(id string, size int) *M) {
	t.Helper()
	there := func() {
		t.Helper()
		stored := row("Ann", 0)
		require.NoError(t, softdelete.AsOf(db, stored, time.Now().Add(time.Minute)))
		require.Equal(t, row("Ann", 7), stored)
		require.ErrorIs(t, softdelete.AsOf(db, row("ann", 0), time.Now().Add(time.Minute)), gorm.ErrRecordNotFound)
		for range 2 {
			_, err := softdelete.Rebuild(db, new(M))
			require.NoError(t, err)
			var rows []M
			require.NoError(t, db.Find(&rows).Error)
			require.Equal(t, []M{*row("Ann", 7)}, rows)
			require.NoError(t, db.Exec("DELETE FROM "+fixture.Table(t, db, new(M))).Error)
		}
		_, err := softdelete.Rebuild(db, new(M))
		require.NoError(t, err)
	}
	require.NoError(t, db.Create(row("ann", 7)).Error)
	require.NoError(t, db.Model(row("ann", 0)).UpdateColumn("id", "Ann").Error)
	there()
	require.NoError(t, db.Delete(row("Ann", 0)).Error)
	require.NoError(t, db.Create(row("ann", 8)).Error)
	require.NoError(t, db.Delete(row("ann", 0)).Error)
	require.NoError(t, db.Create(row("Ann", 7)).Error)
	there()
}

func TestKeysThatACollationTakesForTheSameAreOfTwoRows(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db := fixture.Models(t, testdb.SQLite(t), []any{&sameKeyFolded{}})
		requireFolded(t, db, func(id string, size int) *sameKeyFolded { return &sameKeyFolded{ID: id, Size: size} })
	})
	t.Run("postgres", func(t *testing.T) {
		database := testdb.Postgres(t)
		fixture.Exec(t, database.Open(t), "CREATE COLLATION same_folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
		db := fixture.Models(t, database, []any{&sameKeyWide{}})
		requireFolded(t, db, func(id string, size int) *sameKeyWide { return &sameKeyWide{ID: id, Size: size} })
	})
}
