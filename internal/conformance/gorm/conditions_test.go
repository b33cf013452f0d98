package gorm_test

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What the functions of the plugin do with the conditions of a session, as a tenant's has them.

type tenantUser struct {
	_         struct{} `softdelete:"events"`
	ID        uint
	OrgID     uint
	Email     string `pii:"fixed:erased"`
	DeletedAt gorm.DeletedAt
}

type tenantFile struct {
	_     struct{} `softdelete:"archive;events"`
	ID    uint
	OrgID uint
	Name  string `pii:"fixed:erased"`
}

// tenantCalls are all functions of the public API that take a *gorm.DB. One that takes a row obeys the conditions, or refuses;
// the others refuse.
var tenantCalls = map[string]struct {
	obeys, refuses func(db *gorm.DB, row any) error
	// rows tells how many rows were found, where that is no error.
	neither bool
}{
	"AsOf":    {obeys: func(db *gorm.DB, row any) error { return softdelete.AsOf(db, row, time.Now().Add(time.Hour)) }},
	"History": {obeys: func(db *gorm.DB, row any) error { _, err := softdelete.History(db, row); return err }},
	"Hold": {obeys: func(db *gorm.DB, row any) error {
		id, err := softdelete.Hold(db, row, softdelete.HoldOptions{Matter: "m"})
		if err == nil {
			err = softdelete.Release(db.Session(&gorm.Session{NewDB: true}), id)
		}
		return err
	}},
	"PreviewErasure": {obeys: func(db *gorm.DB, row any) error { _, err := softdelete.PreviewErasure(db, row); return err }},
	"Delete":         {obeys: tenantReport(softdelete.Delete)},
	"Preview":        {obeys: tenantReport(softdelete.Preview)},
	"Restore":        {obeys: tenantReport(softdelete.Restore)},
	"PreviewRestore": {obeys: tenantReport(softdelete.PreviewRestore)},
	"Erase": {obeys: func(db *gorm.DB, row any) error {
		_, err := softdelete.Erase(db, row, softdelete.ErasureRequest{})
		return err
	}},

	"Rebuild": {refuses: func(db *gorm.DB, row any) error { _, err := softdelete.Rebuild(db, row); return err }},
	"RestoreDeletion": {refuses: func(db *gorm.DB, _ any) error {
		_, err := softdelete.RestoreDeletion(db, "1700000000000000000-00000000-0000000000000000")
		return err
	}},
	"Purge":              {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.Purge(db, softdelete.PurgeOptions{}); return err }},
	"Thaw":               {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.Thaw(db, "b"); return err }},
	"Release":            {refuses: func(db *gorm.DB, _ any) error { return softdelete.Release(db, "h") }},
	"Holds":              {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.Holds(db); return err }},
	"DataMap":            {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.DataMap(db); return err }},
	"Certificates":       {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.Certificates(db); return err }},
	"VerifyCertificates": {refuses: func(db *gorm.DB, _ any) error { return softdelete.VerifyCertificates(db) }},
	"DispatchErasures":   {refuses: func(db *gorm.DB, _ any) error { return softdelete.DispatchErasures(db) }},
	"ReplayErasures":     {refuses: func(db *gorm.DB, _ any) error { _, err := softdelete.ReplayErasures(db, nil); return err }},
	"NewJanitor": {refuses: func(db *gorm.DB, _ any) error {
		return softdelete.NewJanitor(db, softdelete.JanitorConfig{}).Run(db.Statement.Context)
	}},
	"DDL":       {neither: true}, // about tables, not rows
	"DDLScript": {neither: true},
}

// tenantReport makes a report without rows the error that others give.
func tenantReport(call func(db *gorm.DB, row any) (softdelete.Report, error)) func(db *gorm.DB, row any) error {
	return func(db *gorm.DB, row any) error {
		report, err := call(db, row)
		if err == nil && report.Rows() == 0 {
			err = gorm.ErrRecordNotFound
		}
		return err
	}
}

func TestEveryFunctionThatTakesASessionIsAskedForItsConditions(t *testing.T) {
	api, err := os.ReadFile("../../../testdata/api.txt")
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^\tfunc (\w+)\(\*gorm\.DB`).FindAllStringSubmatch(string(api), -1) {
		_, known := tenantCalls[found[1]]
		require.True(t, known, "say in tenantCalls what %s does with conditions", found[1])
	}
}

func TestFunctionsObeyTheConditionsOfTheirSessionOrRefuse(t *testing.T) {
	sessions := map[string]func(db *gorm.DB, org uint) *gorm.DB{
		"Where": func(db *gorm.DB, org uint) *gorm.DB { return db.Where("org_id = ?", org).Session(&gorm.Session{}) },
		"a struct": func(db *gorm.DB, org uint) *gorm.DB {
			return db.Where(map[string]any{"org_id": org}).Session(&gorm.Session{})
		},
		"Or": func(db *gorm.DB, org uint) *gorm.DB {
			return db.Where("1 = 0").Or("org_id = ?", org).Session(&gorm.Session{})
		},
		"Scopes": func(db *gorm.DB, org uint) *gorm.DB {
			return db.Scopes(func(tx *gorm.DB) *gorm.DB { return tx.Where("org_id = ?", org) }).Session(&gorm.Session{})
		},
	}
	rows := map[string]func() any{
		"a user": func() any { return &tenantUser{ID: 1} }, "a deleted user": func() any { return &tenantUser{ID: 2} },
		"a file": func() any { return &tenantFile{ID: 1} }, "an archived file": func() any { return &tenantFile{ID: 2} },
	}
	deleted := map[string]bool{"a deleted user": true, "an archived file": true}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&tenantUser{}, &tenantFile{}}
		db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true})
		for id := uint(1); id <= 2; id++ {
			require.NoError(t, db.Create(&tenantUser{ID: id, OrgID: 1, Email: "mail"}).Error)
			require.NoError(t, db.Create(&tenantFile{ID: id, OrgID: 1, Name: "name"}).Error)
		}
		require.NoError(t, db.Delete(&tenantUser{ID: 2}).Error)
		require.NoError(t, db.Delete(&tenantFile{ID: 2}).Error)
		before := fixture.Dump(t, db, models...)
		for how, session := range sessions {
			for name, call := range tenantCalls {
				for what, row := range rows {
					if call.refuses != nil {
						require.ErrorIs(t, call.refuses(session(db, 1), row()), softdelete.ErrUnsupported, "%s by %s", name, how)
						continue
					}
					if call.obeys == nil {
						continue
					}
					require.ErrorIs(t, call.obeys(session(db, 2), row()), gorm.ErrRecordNotFound, "%s of %s by %s", name, what, how)
					require.Equal(t, before, fixture.Dump(t, db, models...), "%s of %s by %s", name, what, how)
					err := db.Transaction(func(tx *gorm.DB) error {
						err := call.obeys(session(tx, 1), row())
						switch name {
						case "Delete", "Preview":
							require.Equal(t, deleted[what], err != nil, "%s of %s by %s: %v", name, what, how, err)
						case "Restore", "PreviewRestore", "AsOf":
							require.Equal(t, deleted[what] == (name == "AsOf"), err != nil, "%s of %s by %s: %v", name, what, how, err)
						default:
							require.NoError(t, err, "%s of %s by %s", name, what, how)
						}
						return fixture.Err
					})
					require.ErrorIs(t, err, fixture.Err)
				}
			}
		}
	})
}

func TestTheHistoryOfARowThatIsInItsLogOnlyObeysConditions(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&tenantUser{}}})
		require.NoError(t, db.Create(&tenantUser{ID: 1, OrgID: 1, Email: "mail"}).Error)
		require.NoError(t, db.Unscoped().Delete(&tenantUser{ID: 1}).Error)
		events, err := softdelete.History(db.Where("tenant_users.org_id = ?", 1), &tenantUser{ID: 1})
		require.NoError(t, err)
		require.Len(t, events, 2)
		_, err = softdelete.History(db.Where("org_id = ?", 2), &tenantUser{ID: 1})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		_, err = softdelete.History(db.Joins("JOIN orgs ON orgs.id = org_id").Where("orgs.id = 1"), &tenantUser{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
	})
}
