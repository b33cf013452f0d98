package paths_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What upserts may meet a row by: a column, several, an expression, a constraint, or whatever is unique.
type (
	meetRow struct {
		ID         uint    `gorm:"primaryKey;autoIncrement:false"`
		Number     *string `gorm:"uniqueIndex:idx_meet_number" softdelete:"full"`
		Email      *string `gorm:"uniqueIndex:idx_meet_email,expression:lower(email)" softdelete:"full"`
		Badge      *string `gorm:"unique" softdelete:"full"`
		Hall, Seat *string `gorm:"uniqueIndex:idx_meet_place" softdelete:"full"`
		Name       string
		DeletedAt  gorm.DeletedAt
	}
	// meetPerson is erased, not deleted.
	meetPerson struct {
		ID     uint    `gorm:"primaryKey;autoIncrement:false"`
		Number *string `gorm:"uniqueIndex:idx_meetp_number" pii:"-"`
		Email  *string `gorm:"uniqueIndex:idx_meetp_email,expression:lower(email)" pii:"-"`
		Badge  *string `gorm:"unique" pii:"-"`
		Hall   *string `gorm:"uniqueIndex:idx_meetp_place" pii:"-"`
		Seat   *string `gorm:"uniqueIndex:idx_meetp_place" pii:"-"`
		Name   string  `pii:"fixed:[erased]"`
	}
)

// meetCase is an upsert of rows of which the second meets the row 1.
type meetCase struct {
	on  func(table string) clause.OnConflict
	set map[string]any // what the row has of the row 1
	// databases are those that have such an upsert; nil for all.
	databases []string
}

func meetCases() map[string]meetCase {
	name := clause.AssignmentColumns([]string{"name"})
	columns := func(names ...string) func(string) clause.OnConflict {
		var list []clause.Column
		for _, name := range names {
			list = append(list, clause.Column{Name: name, Raw: name == "lower(email)"})
		}
		return func(string) clause.OnConflict { return clause.OnConflict{Columns: list, DoUpdates: name} }
	}
	none := func(string) clause.OnConflict { return clause.OnConflict{DoUpdates: name} }
	return map[string]meetCase{
		"a column":               {columns("number"), map[string]any{"number": "n"}, nil},
		"several columns":        {columns("hall", "seat"), map[string]any{"hall": "h", "seat": "s"}, nil},
		"an expression":          {columns("lower(email)"), map[string]any{"email": "a@X"}, nil},
		"the key":                {columns("id"), map[string]any{"id": 1}, nil},
		"all columns":            {func(string) clause.OnConflict { return clause.OnConflict{UpdateAll: true} }, map[string]any{"id": 1}, nil},
		"none, by the key":       {none, map[string]any{"id": 1}, []string{"sqlite"}},
		"none, by a column":      {none, map[string]any{"number": "n"}, []string{"sqlite"}},
		"none, by several":       {none, map[string]any{"hall": "h", "seat": "s"}, []string{"sqlite"}},
		"none, by a constraint":  {none, map[string]any{"badge": "b"}, []string{"sqlite"}},
		"none, by an expression": {none, map[string]any{"email": "a@X"}, []string{"sqlite"}},
		"a constraint": {func(table string) clause.OnConflict {
			return clause.OnConflict{OnConstraint: "uni_" + table + "_badge", DoUpdates: name}
		}, map[string]any{"badge": "b"}, []string{"postgres"}},
	}
}

// eachMeeting upserts a row that is new, and one that meets the row 1, which then stands as it did.
func eachMeeting[R any](t *testing.T, table string, prepare func(t *testing.T, db *gorm.DB), check func(t *testing.T, err error)) {
	for name, c := range meetCases() {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, c.databases, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, []any{new(R)})
				require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
				first := map[string]any{"id": 1, "number": "n", "email": "A@x", "badge": "b", "hall": "h", "seat": "s", "name": "canary"}
				require.NoError(t, db.Model(new(R)).Create(first).Error)
				prepare(t, db)
				before := fixture.Dump(t, db, new(R))
				row := func(id int, set map[string]any) map[string]any {
					row := map[string]any{"id": id, "number": nil, "email": nil, "badge": nil, "hall": nil, "seat": nil, "name": "new"}
					for column, value := range set {
						row[column] = value
					}
					return row
				}
				err := db.Clauses(c.on(table)).Model(new(R)).Create([]map[string]any{row(8, nil), row(9, c.set)}).Error
				require.Error(t, err)
				require.Equal(t, before, fixture.Dump(t, db, new(R)))
				check(t, err)
			})
		})
	}
}

func TestAnUpsertThatMeetsADeletedRowByWhateverIsUniqueIsRefused(t *testing.T) {
	eachMeeting[meetRow](t, "meet_rows", func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Delete(&meetRow{ID: 1}).Error)
	}, func(t *testing.T, err error) {
		require.ErrorIs(t, err, softdelete.ErrRowDeleted)
		require.ErrorContains(t, err, "key 1 ")
	})
}

func TestAnUpsertThatMeetsAnErasedRowByWhateverIsUniqueIsRefused(t *testing.T) {
	eachMeeting[meetPerson](t, "meet_people", func(t *testing.T, db *gorm.DB) {
		_, err := softdelete.Erase(db, &meetPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
	}, func(t *testing.T, err error) {
		var erased *softdelete.ErasedError
		require.ErrorAs(t, err, &erased)
		require.Equal(t, "1", erased.Key)
	})
}

func TestAnUpsertThatMeetsALiveRowUpdatesIt(t *testing.T) {
	for name, c := range meetCases() {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, c.databases, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, []any{&meetRow{}})
				require.NoError(t, db.Create(&meetRow{ID: 1, Number: text("n"), Email: text("A@x"), Badge: text("b"), Hall: text("h"), Seat: text("s")}).Error)
				row := map[string]any{"id": 9, "name": "new"}
				for column, value := range c.set {
					row[column] = value
				}
				require.NoError(t, db.Clauses(c.on("meet_rows")).Model(&meetRow{}).Create(row).Error)
				require.Equal(t, 1, fixture.Rows(t, db, "meet_rows", "id = 1 AND name = 'new'"))
				require.Equal(t, 1, fixture.Rows(t, db, "meet_rows"))
			})
		})
	}
}
