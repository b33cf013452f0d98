package purge_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	thawTaken struct {
		ID        uint
		Code      string         `gorm:"uniqueIndex"`
		Realm     string         `gorm:"uniqueIndex:idx_thaw_pair"`
		Number    *int           `gorm:"uniqueIndex:idx_thaw_pair"`
		Kept      string         `gorm:"uniqueIndex" softdelete:"full"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
	}
	// thawText and thawNumber are the same table, before a column got another type and after.
	thawText struct {
		ID        uint
		Amount    string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold;events"`
	}
	thawNumber struct {
		ID        uint
		Amount    int
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold;events"`
	}
)

func (thawText) TableName() string   { return "thaw_changed" }
func (thawNumber) TableName() string { return "thaw_changed" }

// thawBatch purges, and gives the one batch that has gone to cold storage.
func thawBatch(t *testing.T, s *fixture.Stage) string {
	t.Helper()
	report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
	require.NoError(t, err)
	require.Len(t, report.Models[0].ColdBatches, 1)
	return report.Models[0].ColdBatches[0]
}

func TestAThawNamesWhatIsInItsWay(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawTaken{}}, ColdStore: store})
		one := 1
		s.Add(&thawTaken{ID: 1, Code: "canary a", Realm: "canary", Number: &one, Kept: "canary k"}, &thawTaken{ID: 2, Code: "canary b", Realm: "none", Kept: "canary l"})
		s.DeleteAgo(40*fixture.Day, &[]thawTaken{{ID: 1}, {ID: 2}})
		batch := thawBatch(t, s)
		for fact, c := range map[string]struct {
			there   *thawTaken
			deleted bool
			columns []string // of each conflict
		}{
			"a key":                        {there: &thawTaken{ID: 2}, columns: []string{"id"}},
			"a deleted row's key":          {there: &thawTaken{ID: 2}, deleted: true, columns: []string{"id"}},
			"a unique value":               {there: &thawTaken{ID: 7, Code: "canary a"}, columns: []string{"code"}},
			"values of two columns":        {there: &thawTaken{ID: 7, Realm: "canary", Number: &one}, columns: []string{"realm"}},
			"a value of all rows":          {there: &thawTaken{ID: 7, Kept: "canary k"}, deleted: true, columns: []string{"kept"}},
			"several at once":              {there: &thawTaken{ID: 1, Code: "canary b", Kept: "canary k"}, columns: []string{"id", "kept", "code"}},
			"not a deleted row's":          {there: &thawTaken{ID: 7, Code: "canary a"}, deleted: true},
			"not a pair with a NULL in it": {there: &thawTaken{ID: 7, Realm: "none"}},
		} {
			s.Add(c.there)
			if c.deleted {
				require.NoError(t, s.Delete(c.there).Error)
			}
			_, err := softdelete.Thaw(s.DB, batch)
			if len(c.columns) == 0 {
				require.NoError(t, err, fact)
			} else {
				require.ErrorIs(t, err, softdelete.ErrRestoreConflict, fact)
				var conflict *softdelete.ConflictError
				require.ErrorAs(t, err, &conflict, fact)
				require.Equal(t, c.columns[0], conflict.Columns[0], fact)
				require.NotEmpty(t, conflict.LiveKeys, fact)
				require.NotContains(t, err.Error(), "canary", fact)
				for _, column := range c.columns {
					require.ErrorContains(t, err, "("+column, fact)
				}
			}
			require.NoError(t, s.Exec("DELETE FROM thaw_takens").Error)
		}
	})
}

func TestWhatCannotBeReadAnyMoreIsNotQuoted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawText{}}, ColdStore: store})
		s.Add(&thawText{ID: 1, Amount: "canary"}, &thawText{ID: 2, Amount: "canary"})
		s.DeleteAgo(40*fixture.Day, &thawText{ID: 1})
		batch := thawBatch(t, s)
		after := database.Open(t)
		require.NoError(t, after.Use(softdelete.New(softdelete.Config{Models: []any{&thawNumber{}}, ColdStore: store})))
		require.NoError(t, after.Exec("UPDATE thaw_changed SET amount = '7'").Error)
		if database.Name == "postgres" {
			require.NoError(t, after.Exec("ALTER TABLE thaw_changed ALTER COLUMN amount TYPE integer USING 7").Error)
		}
		err := softdelete.AsOf(after, &thawNumber{ID: 2}, fixture.Now.AddDate(1, 0, 0))
		require.Error(t, err)
		require.ErrorContains(t, err, "thaw_changed")
		require.NotContains(t, err.Error(), "canary")
		_, err = softdelete.Rebuild(after, &thawNumber{})
		if err != nil {
			require.NotContains(t, err.Error(), "canary")
			require.ErrorContains(t, err, "thaw_changed")
		}
		require.NoError(t, after.Exec("DELETE FROM thaw_changed").Error)
		if _, err = softdelete.Thaw(after, batch); database.Name == "postgres" || err != nil {
			require.ErrorContains(t, err, "thaw_changed")
			require.NotContains(t, err.Error(), "canary")
		}
	})
}

// thawSpan is a range where the database has such a type.
type thawSpan string

func (thawSpan) GormDBDataType(db *gorm.DB, _ *schema.Field) string {
	if db.Name() == "postgres" {
		return "int4range"
	}
	return "varchar(20)"
}

type thawHand struct {
	ID        uint
	Code      string
	Span      thawSpan
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
}

func TestAThawNamesWhatOnlyTheCatalogueKnowsOf(t *testing.T) {
	rules := map[string]struct {
		sql     string
		columns []string
		there   thawHand
		only    []string
	}{
		"an expression": {
			sql:     "CREATE UNIQUE INDEX hand ON thaw_hands (lower(code)) WHERE deleted_at IS NULL",
			columns: []string{"lower(code)"}, there: thawHand{ID: 2, Code: "CANARY", Span: "[8,9)"}, only: []string{"sqlite", "postgres"},
		},
		"a computed column": {
			sql:     "ALTER TABLE thaw_hands ADD COLUMN code_of_live varchar(20) AS (IF(deleted_at IS NULL, lower(code), NULL)), ADD UNIQUE hand (code_of_live)",
			columns: []string{"code_of_live"}, there: thawHand{ID: 2, Code: "CANARY", Span: "[8,9)"}, only: []string{"mysql"},
		},
		"an exclusion constraint": {
			sql:     "ALTER TABLE thaw_hands ADD CONSTRAINT hand EXCLUDE USING gist (span WITH &&) WHERE (deleted_at IS NULL)",
			columns: []string{"span"}, there: thawHand{ID: 2, Span: "[4,7)"}, only: []string{"postgres"},
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for fact, c := range rules {
			if !slices.Contains(c.only, database.Name) { // nor is there an index over an expression on MariaDB
				continue
			}
			store, _ := fixture.ColdDir(t)
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawHand{}}, ColdStore: store})
			fixture.Exec(t, s.DB, c.sql)
			s.Add(&thawHand{ID: 1, Code: "canary", Span: "[1,5)"})
			s.DeleteAgo(40*fixture.Day, &thawHand{ID: 1})
			batch := thawBatch(t, s)
			s.Add(&c.there)
			_, err := softdelete.Thaw(s.DB, batch)
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict, fact)
			var conflict *softdelete.ConflictError
			require.ErrorAs(t, err, &conflict, fact)
			require.Equal(t, "hand", conflict.Index, fact)
			require.Equal(t, c.columns, conflict.Columns, fact)
			require.NotContains(t, err.Error(), "canary", fact)
			require.Equal(t, 1, fixture.Rows(t, s.DB, "thaw_hands"), fact)
			require.NoError(t, s.DB.Migrator().DropTable(&thawHand{}))
		}
	})
}
