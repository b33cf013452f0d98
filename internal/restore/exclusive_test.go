package restore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	exclGuest struct {
		ID        uint
		Email     string `gorm:"uniqueIndex:idx_excl_guests_mail,expression:lower(email)"`
		Kind      string
		Code      string
		DeletedAt gorm.DeletedAt
	}
	exclState struct {
		ID     uint
		Email  string
		Status string `softdelete:"status;deleted:gone;active:on"`
		Was    string `softdelete:"previous"`
	}
	exclFlag struct {
		ID    uint
		Email string
		Gone  bool `softdelete:"flag"`
		Mark  softdelete.DeletionID
	}
	exclBill struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Email string `gorm:"uniqueIndex:idx_excl_bills_mail,expression:lower(email)"`
		Kind  string
		Code  string
	}
)

// exclConflicts gives the conflicts that a restore and its preview have: by index, its columns, and the keys of rows in the way.
func exclConflicts(t *testing.T, db *gorm.DB, value any) map[string][2][]string {
	t.Helper()
	_, err := softdelete.PreviewRestore(db, value)
	previewed := exclList(t, err)
	_, err = softdelete.Restore(db, value)
	require.Equal(t, previewed, exclList(t, err))
	return previewed
}

func exclList(t *testing.T, err error) map[string][2][]string {
	t.Helper()
	if err == nil {
		return nil
	}
	require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
	list := map[string][2][]string{}
	var add func(err error)
	add = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				add(one)
			}
			return
		}
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		list[conflict.Index] = [2][]string{conflict.Columns, conflict.LiveKeys}
	}
	add(err)
	return list
}

func TestARestoreForeseesIndexesThatTheModelDoesNotDeclareAsColumns(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclGuest{}})
		fixture.Exec(t, db, "CREATE UNIQUE INDEX hand_code ON excl_guests (code) WHERE deleted_at IS NULL AND kind = 'a'")
		require.NoError(t, db.Create(&[]exclGuest{{ID: 1, Email: "Ann@x", Kind: "a", Code: "1"}, {ID: 2, Email: "bob@x", Kind: "b", Code: "1"}}).Error)
		require.NoError(t, db.Delete(&exclGuest{}, []uint{1, 2}).Error)
		require.NoError(t, db.Create(&[]exclGuest{{ID: 3, Email: "ANN@X", Kind: "b", Code: "9"}, {ID: 4, Email: "eve@x", Kind: "a", Code: "1"}}).Error)
		require.Equal(t, map[string][2][]string{
			"idx_excl_guests_mail": {{"lower(email)"}, {"3"}},
			"hand_code":            {{"code"}, {"4"}},
		}, exclConflicts(t, db, &exclGuest{ID: 1}), "all at once")
		require.Empty(t, exclConflicts(t, db, &exclGuest{ID: 2}), "its own condition keeps a row out")
		require.NoError(t, db.Unscoped().Delete(&exclGuest{}, []uint{3, 4}).Error)
		require.Empty(t, exclConflicts(t, db, &exclGuest{ID: 1}))

		// One that is made after the catalogue was asked.
		require.NoError(t, db.Delete(&exclGuest{}, 1).Error)
		require.NoError(t, db.Create(&exclGuest{ID: 5, Email: "zoe@x", Kind: "Zed", Code: "5"}).Error)
		fixture.Exec(t, db, "UPDATE excl_guests SET kind = 'zED' WHERE id = 1", "CREATE UNIQUE INDEX hand_kind ON excl_guests (lower(kind)) WHERE deleted_at IS NULL")
		_, err := softdelete.Restore(db, &exclGuest{ID: 1})
		require.Equal(t, map[string][2][]string{"hand_kind": {{"lower(kind)"}, {"5"}}}, exclList(t, err))
		fixture.Exec(t, db, "DROP INDEX hand_kind", "UPDATE excl_guests SET code = 'c' WHERE id = 1", "UPDATE excl_guests SET code = 'C' WHERE id = 5",
			"CREATE UNIQUE INDEX hand_lower ON excl_guests (lower(code)) WHERE deleted_at IS NULL")
		require.Equal(t, map[string][2][]string{"hand_lower": {{"lower(code)"}, {"5"}}}, exclConflicts(t, db, &exclGuest{ID: 1}))
	})
}

func TestARestoreForeseesRowsThatComeBackAndAreAlike(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclGuest{}})
		require.NoError(t, db.Create(&exclGuest{ID: 1, Email: "Ann@x"}).Error)
		require.NoError(t, db.Delete(&exclGuest{}, 1).Error)
		require.NoError(t, db.Create(&exclGuest{ID: 2, Email: "ANN@x"}).Error)
		require.NoError(t, db.Delete(&exclGuest{}, 2).Error)
		_, err := softdelete.Restore(db.Where("id > 0"), &exclGuest{})
		require.Equal(t, map[string][2][]string{"idx_excl_guests_mail": {{"lower(email)"}, {"1", "2"}}}, exclList(t, err))
	})
}

func TestARestoreForeseesConflictsOfTheFormerStatusAndFlags(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclState{}, &exclFlag{}})
		fixture.Exec(t, db, "CREATE UNIQUE INDEX hand_on ON excl_states (lower(email)) WHERE status = 'on'",
			"CREATE UNIQUE INDEX hand_there ON excl_flags (lower(email)) WHERE NOT gone")
		require.NoError(t, db.Create(&[]exclState{{ID: 1, Email: "a", Status: "on"}, {ID: 2, Email: "A", Status: "off"}}).Error)
		require.NoError(t, db.Delete(&exclState{}, []uint{1, 2}).Error)
		require.NoError(t, db.Create(&exclState{ID: 3, Email: "A", Status: "on"}).Error)
		require.Equal(t, map[string][2][]string{"hand_on": {{"lower(email)"}, {"3"}}}, exclConflicts(t, db, &exclState{ID: 1}))
		require.Empty(t, exclConflicts(t, db, &exclState{ID: 2}), "it comes back with a status that the index is not about")
		require.NoError(t, db.Create(&exclFlag{ID: 1, Email: "a"}).Error)
		require.NoError(t, db.Delete(&exclFlag{}, 1).Error)
		require.NoError(t, db.Create(&exclFlag{ID: 2, Email: "A"}).Error)
		require.Equal(t, map[string][2][]string{"hand_there": {{"lower(email)"}, {"2"}}}, exclConflicts(t, db, &exclFlag{ID: 1}))
	})
}

func TestARestoreFromAnArchiveForeseesThem(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclBill{}})
		fixture.Exec(t, db, "CREATE UNIQUE INDEX hand_code ON excl_bills (code) WHERE kind = 'a'")
		require.NoError(t, db.Create(&[]exclBill{{ID: 1, Email: "Ann@x", Kind: "a", Code: "1"}, {ID: 2, Email: "bob@x", Kind: "b", Code: "1"}}).Error)
		require.NoError(t, db.Delete(&exclBill{}, []uint{1, 2}).Error)
		require.NoError(t, db.Create(&[]exclBill{{ID: 3, Email: "ANN@X", Kind: "b", Code: "9"}, {ID: 4, Email: "eve@x", Kind: "a", Code: "1"}}).Error)
		require.Equal(t, map[string][2][]string{
			"idx_excl_bills_mail": {{"lower(email)"}, {"3"}},
			"hand_code":           {{"code"}, {"4"}},
		}, exclConflicts(t, db, &exclBill{ID: 1}))
		require.Empty(t, exclConflicts(t, db, &exclBill{ID: 2}))
	})
}

type (
	exclRoom struct {
		ID        uint
		Email     string
		Kind      string
		Code      string
		DeletedAt gorm.DeletedAt
	}
	exclShelf struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Email string
		Kind  string
		Code  string
	}
)

func TestARestoreIsRefusedByIndexesOverWhatMySQLComputes(t *testing.T) {
	testdb.EachOf(t, testdb.ComputedExpressions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclRoom{}, &exclShelf{}})
		for table, live := range map[string]string{"excl_rooms": "deleted_at IS NULL AND ", "excl_shelves": ""} {
			fixture.Exec(t, db, "ALTER TABLE "+table+" ADD mail varchar(191) AS (LOWER(email)) STORED, ADD one varchar(191) AS (IF("+live+"kind = 'a', LOWER(code), NULL)) VIRTUAL",
				"CREATE UNIQUE INDEX hand_one ON "+table+" (one)")
		}
		fixture.Exec(t, db, "CREATE UNIQUE INDEX hand_mail ON excl_shelves (mail)")
		for _, rows := range [][2]any{
			{&[]exclRoom{{ID: 1, Email: "ann", Kind: "a", Code: "x"}, {ID: 2, Kind: "b", Code: "x"}}, &exclRoom{ID: 3, Email: "ANN", Kind: "a", Code: "X"}},
			{&[]exclShelf{{ID: 1, Email: "ann", Kind: "a", Code: "x"}, {ID: 2, Kind: "b", Code: "x"}}, &exclShelf{ID: 3, Email: "bob", Kind: "a", Code: "X"}},
		} {
			require.NoError(t, db.Create(rows[0]).Error)
			require.NoError(t, db.Delete(rows[0]).Error)
			require.NoError(t, db.Create(rows[1]).Error)
		}
		_, err := softdelete.Restore(db, &exclRoom{ID: 1})
		require.Contains(t, exclList(t, err), "hand_one")
		_, err = softdelete.Restore(db, &exclRoom{ID: 2})
		require.NoError(t, err, "its kind keeps it out")
		_, err = softdelete.Restore(db, &exclShelf{ID: 1})
		require.Contains(t, exclList(t, err), "hand_one")
		require.NoError(t, db.Model(&exclShelf{ID: 3}).Updates(map[string]any{"kind": "b", "email": "ANN"}).Error)
		_, err = softdelete.Restore(db, &exclShelf{ID: 1})
		require.Contains(t, exclList(t, err), "hand_mail")
		require.NoError(t, db.Unscoped().Delete(&exclShelf{ID: 3}).Error)
		_, err = softdelete.Restore(db, &exclShelf{ID: 1})
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, db, "excl_shelves", "mail = 'ann'"), "the database computes it anew")
	})
}

type (
	exclBooking struct {
		ID        uint
		Room      int
		Span      string `gorm:"type:int4range"`
		DeletedAt gorm.DeletedAt
	}
	exclStay struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Span string `gorm:"type:int4range"`
	}
)

func TestARestoreForeseesExclusionConstraints(t *testing.T) {
	database := testdb.Postgres(t)
	db := fixture.Models(t, database, []any{&exclBooking{}, &exclStay{}})
	fixture.Exec(t, db, "ALTER TABLE excl_bookings ADD CONSTRAINT one_guest EXCLUDE USING gist (int8range(room, room, '[]') WITH =, span WITH &&) WHERE (deleted_at IS NULL)",
		"ALTER TABLE excl_stays ADD CONSTRAINT one_stay EXCLUDE USING gist (span WITH &&)")
	require.NoError(t, db.Create(&exclBooking{ID: 1, Room: 1, Span: "[1,5)"}).Error)
	require.NoError(t, db.Delete(&exclBooking{}, 1).Error)
	require.NoError(t, db.Create(&[]exclBooking{{ID: 2, Room: 1, Span: "[4,9)"}, {ID: 3, Room: 2, Span: "[1,5)"}}).Error)
	found := exclConflicts(t, db, &exclBooking{ID: 1})
	require.Equal(t, []string{"2"}, found["one_guest"][1])
	require.Equal(t, "span", found["one_guest"][0][1])
	require.NoError(t, db.Create(&exclStay{ID: 1, Span: "[1,5)"}).Error)
	require.NoError(t, db.Delete(&exclStay{}, 1).Error)
	require.NoError(t, db.Create(&exclStay{ID: 2, Span: "[4,9)"}).Error)
	require.Equal(t, map[string][2][]string{"one_stay": {{"span"}, {"2"}}}, exclConflicts(t, db, &exclStay{ID: 1}))
}

type exclName struct {
	ID        uint
	Name      string `gorm:"uniqueIndex"`
	Code      *string
	DeletedAt gorm.DeletedAt
}

// An index may compare texts otherwise than the column does, and count NULL as a value.
func TestARestoreForeseesCollationsAndNulls(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&exclName{}})
		collation := map[string]string{"sqlite": "NOCASE", "postgres": "alike"}[database.Name]
		nulls, columns := "(coalesce(code, ''))", "coalesce(code, '')"
		if database.Name == "postgres" {
			version := 0
			require.NoError(t, db.Raw("SELECT current_setting('server_version_num')::integer").Scan(&version).Error)
			if columns = "COALESCE(code, ''::text)"; version >= 150000 {
				nulls, columns = "(code) NULLS NOT DISTINCT", "code"
			}
			fixture.Exec(t, db, "CREATE COLLATION alike (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
		}
		fixture.Exec(t, db, "CREATE UNIQUE INDEX hand_name ON excl_names (name COLLATE "+collation+") WHERE deleted_at IS NULL",
			"CREATE UNIQUE INDEX hand_null ON excl_names "+nulls+" WHERE deleted_at IS NULL")
		ann, code := exclName{ID: 1, Name: "Ann"}, "x"
		require.NoError(t, db.Create(&ann).Error)
		require.NoError(t, db.Delete(&ann).Error)
		require.NoError(t, db.Create(&exclName{ID: 2, Name: "ANN", Code: &code}).Error)
		require.Equal(t, map[string][2][]string{"hand_name": {{"name"}, {"2"}}}, exclConflicts(t, db, &exclName{ID: 1}))
		require.NoError(t, db.Model(&exclName{ID: 2}).Updates(map[string]any{"name": "Bob", "code": nil}).Error)
		require.Equal(t, map[string][2][]string{"hand_null": {{columns}, {"2"}}}, exclConflicts(t, db, &exclName{ID: 1}))

		// Rows that come back together.
		require.NoError(t, db.Delete(&exclName{ID: 2}).Error)
		require.NoError(t, db.Create(&exclName{ID: 3, Name: "ann"}).Error)
		require.NoError(t, db.Delete(&exclName{ID: 3}).Error)
		_, err := softdelete.PreviewRestore(db.Where("id > 0"), &exclName{})
		require.Equal(t, map[string][2][]string{"hand_name": {{"name"}, {"1", "3"}}, "hand_null": {{columns}, {"1", "2", "3"}}}, exclList(t, err))
	})
}
