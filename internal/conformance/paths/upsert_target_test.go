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
		Number     *string `gorm:"size:40;uniqueIndex:idx_meet_number" softdelete:"full"`
		Email      *string
		Badge      *string `gorm:"unique" softdelete:"full"`
		Hall, Seat *string `gorm:"size:40;uniqueIndex:idx_meet_place" softdelete:"full"`
		Name       string
		DeletedAt  gorm.DeletedAt
	}
	// meetPerson is erased, not deleted.
	meetPerson struct {
		ID     uint    `gorm:"primaryKey;autoIncrement:false"`
		Number *string `gorm:"size:40;uniqueIndex:idx_meetp_number" pii:"-"`
		Email  *string `pii:"-"`
		Badge  *string `gorm:"unique" pii:"-"`
		Hall   *string `gorm:"size:40;uniqueIndex:idx_meetp_place" pii:"-"`
		Seat   *string `gorm:"size:40;uniqueIndex:idx_meetp_place" pii:"-"`
		Name   string  `pii:"fixed:[erased]"`
	}
	// loweredRow and loweredPerson are the same with an index on an expression.
	loweredRow struct {
		ID         uint    `gorm:"primaryKey;autoIncrement:false"`
		Number     *string `gorm:"uniqueIndex:idx_lowered_number" softdelete:"full"`
		Email      *string `gorm:"uniqueIndex:idx_lowered_email,expression:lower(email)" softdelete:"full"`
		Badge      *string
		Hall, Seat *string
		Name       string
		DeletedAt  gorm.DeletedAt
	}
	loweredPerson struct {
		ID     uint    `gorm:"primaryKey;autoIncrement:false"`
		Number *string `gorm:"uniqueIndex:idx_loweredp_number" pii:"-"`
		Email  *string `gorm:"uniqueIndex:idx_loweredp_email,expression:lower(email)" pii:"-"`
		Badge  *string `pii:"-"`
		Hall   *string `pii:"-"`
		Seat   *string `pii:"-"`
		Name   string  `pii:"fixed:[erased]"`
	}
)

// meetCase is an upsert of rows of which the second meets the row 1.
type meetCase struct {
	on  func(table string) clause.OnConflict
	set map[string]any // what the row has of the row 1
	// databases are those that have such an upsert.
	databases testdb.Only
}

func meetCases() map[string]meetCase {
	untargeted := testdb.UntargetedUpserts
	return map[string]meetCase{
		"a column":              {onColumns("number"), map[string]any{"number": "n"}, testdb.Everywhere},
		"several columns":       {onColumns("hall", "seat"), map[string]any{"hall": "h", "seat": "s"}, testdb.Everywhere},
		"the key":               {onColumns("id"), map[string]any{"id": 1}, testdb.Everywhere},
		"all columns":           {func(string) clause.OnConflict { return clause.OnConflict{UpdateAll: true} }, map[string]any{"id": 1}, testdb.Everywhere},
		"none, by the key":      {onColumns(), map[string]any{"id": 1}, untargeted},
		"none, by a column":     {onColumns(), map[string]any{"number": "n"}, untargeted},
		"none, by several":      {onColumns(), map[string]any{"hall": "h", "seat": "s"}, untargeted},
		"none, by a constraint": {onColumns(), map[string]any{"badge": "b"}, untargeted},
		"another one":           {onColumns("id"), map[string]any{"number": "n"}, testdb.AnyIndexUpserts},
		"a constraint": {func(table string) clause.OnConflict {
			return clause.OnConflict{OnConstraint: "uni_" + table + "_badge", DoUpdates: clause.AssignmentColumns([]string{"name"})}
		}, map[string]any{"badge": "b"}, testdb.NamedConstraints},
	}
}

// loweredCases are by an index on an expression, which not every database has.
func loweredCases() map[string]meetCase {
	return map[string]meetCase{
		"an expression":          {onColumns("lower(email)"), map[string]any{"email": "a@X"}, testdb.IndexConditions},
		"none, by an expression": {onColumns(), map[string]any{"email": "a@X"}, testdb.UntargetedExpressions},
	}
}

// onColumns is an upsert of the name by a target.
func onColumns(names ...string) func(table string) clause.OnConflict {
	var list []clause.Column
	for _, name := range names {
		list = append(list, clause.Column{Name: name, Raw: name == "lower(email)"})
	}
	return func(string) clause.OnConflict {
		return clause.OnConflict{Columns: list, DoUpdates: clause.AssignmentColumns([]string{"name"})}
	}
}

// eachMeeting upserts a row that is new, and one that meets the row 1, which then stands as it did.
func eachMeeting[R any](t *testing.T, table string, cases map[string]meetCase, prepare func(t *testing.T, db *gorm.DB), check func(t *testing.T, err error)) {
	for name, c := range cases {
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
	refused := func(t *testing.T, err error) {
		require.ErrorIs(t, err, softdelete.ErrRowDeleted)
		require.ErrorContains(t, err, "key 1 ")
	}
	eachMeeting[meetRow](t, "meet_rows", meetCases(), func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Delete(&meetRow{ID: 1}).Error)
	}, refused)
	eachMeeting[loweredRow](t, "lowered_rows", loweredCases(), func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Delete(&loweredRow{ID: 1}).Error)
	}, refused)
}

func TestAnUpsertThatMeetsAnErasedRowByWhateverIsUniqueIsRefused(t *testing.T) {
	erase := func(subject any) func(t *testing.T, db *gorm.DB) {
		return func(t *testing.T, db *gorm.DB) {
			_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
		}
	}
	refused := func(t *testing.T, err error) {
		var erased *softdelete.ErasedError
		require.ErrorAs(t, err, &erased)
		require.Equal(t, "1", erased.Key)
	}
	eachMeeting[meetPerson](t, "meet_people", meetCases(), erase(&meetPerson{ID: 1}), refused)
	eachMeeting[loweredPerson](t, "lowered_people", loweredCases(), erase(&loweredPerson{ID: 1}), refused)
}

func TestAnUpsertThatMeetsALiveRowUpdatesIt(t *testing.T) {
	updatesLive[meetRow](t, "meet_rows", meetCases())
	updatesLive[loweredRow](t, "lowered_rows", loweredCases())
}

func updatesLive[R any](t *testing.T, table string, cases map[string]meetCase) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, c.databases, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, []any{new(R)})
				first := map[string]any{"id": 1, "number": "n", "email": "A@x", "badge": "b", "hall": "h", "seat": "s"}
				require.NoError(t, db.Model(new(R)).Create(first).Error)
				row := map[string]any{"id": 9, "name": "new"}
				for column, value := range c.set {
					row[column] = value
				}
				require.NoError(t, db.Clauses(c.on(table)).Model(new(R)).Create(row).Error)
				require.Equal(t, 1, fixture.Rows(t, db, table, "id = 1 AND name = 'new'"))
				require.Equal(t, 1, fixture.Rows(t, db, table))
			})
		})
	}
}
