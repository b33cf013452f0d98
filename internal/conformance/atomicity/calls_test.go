package atomicity_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// atomicCall is a call that leaves nothing behind when it fails. value is made anew for each try.
type atomicCall struct {
	name   string
	family atomicFamily
	ready  func(t *testing.T, c *atomicCase) // what has to be done before
	value  func() any
	run    func(tx *gorm.DB, value any) error
}

// atomicDeleted deletes copies of the values: calls that run in parallel share them.
func atomicDeleted(values ...any) func(t *testing.T, c *atomicCase) {
	return func(t *testing.T, c *atomicCase) {
		for _, value := range values {
			row := reflect.New(reflect.TypeOf(value).Elem())
			row.Elem().Set(reflect.ValueOf(value).Elem())
			require.NoError(t, c.db.Delete(row.Interface()).Error)
		}
	}
}

var atomicCalls = []atomicCall{
	{
		name: "Delete of a struct", family: atomicOrgs,
		value: func() any { return &atomicOrg{ID: 1, Name: "one"} },
		run:   func(tx *gorm.DB, value any) error { return tx.Delete(value).Error },
	},
	{
		name: "Delete of a slice", family: atomicOrgs,
		value: func() any { return &[]*atomicOrg{{ID: 1, Name: "one"}, {ID: 2, Name: "two"}} },
		run:   func(tx *gorm.DB, value any) error { return tx.Delete(value).Error },
	},
	{
		name: "Delete by condition, with a report", family: atomicOrgs,
		value: func() any { return &atomicOrg{} },
		run: func(tx *gorm.DB, value any) error {
			former := softdelete.Report{DeletionID: "former"}
			report := former
			err := tx.Clauses(softdelete.Into(&report)).Where("name <> ?", "two").Delete(value).Error
			if (err == nil) == (report.DeletionID == former.DeletionID) {
				return errors.New("the report does not tell what became of the deletion")
			}
			return err
		},
	},
	{
		name: "Delete with selected associations", family: atomicOrgs,
		value: func() any { return &atomicOrg{ID: 1, Name: "one", Users: []atomicUser{{ID: 11, OrgID: 1}}} },
		run:   func(tx *gorm.DB, value any) error { return tx.Select("Users", "Invoices").Delete(value).Error },
	},
	{
		name: "Delete of a chain without hooks", family: atomicShops,
		value: func() any { return &atomicShop{ID: 1} },
		run:   func(tx *gorm.DB, value any) error { return tx.Delete(value).Error },
	},
	{
		name: "Delete of a cycle of models", family: atomicFolders,
		value: func() any { return &atomicFolder{ID: 1} },
		run:   func(tx *gorm.DB, value any) error { return tx.Delete(value).Error },
	},
	{
		name: "Unscoped Delete", family: atomicOrgs,
		value: func() any { return &atomicOrg{ID: 1, Name: "one"} },
		run:   func(tx *gorm.DB, value any) error { return tx.Unscoped().Delete(value).Error },
	},
	{
		name: "Restore of a struct", family: atomicOrgs,
		ready: atomicDeleted(&atomicOrg{ID: 1}),
		value: func() any { return &atomicOrg{ID: 1, Name: "stale", DeletionID: "stale"} },
		run:   func(tx *gorm.DB, value any) error { _, err := softdelete.Restore(tx, value); return err },
	},
	{
		name: "Restore of a slice by condition, where another parent holds rows", family: atomicOrgs,
		ready: atomicDeleted(&atomicOrg{ID: 1}, &atomicOrg{ID: 2}),
		value: func() any { return &[]atomicOrg{{ID: 1, Name: "stale"}} },
		run: func(tx *gorm.DB, value any) error {
			_, err := softdelete.Restore(tx.Where("name <> ?", "three"), value)
			return err
		},
	},
	{
		name: "Restore of a chain without hooks", family: atomicShops,
		ready: atomicDeleted(&atomicShop{ID: 1}),
		value: func() any { return &atomicShop{ID: 1} },
		run:   func(tx *gorm.DB, value any) error { _, err := softdelete.Restore(tx, value); return err },
	},
	{
		name: "Unscoped Delete of a chain without hooks", family: atomicShops,
		value: func() any { return &atomicShop{ID: 1} },
		run:   func(tx *gorm.DB, value any) error { return tx.Unscoped().Delete(value).Error },
	},
	{
		name: "Restore of a cycle of models", family: atomicFolders,
		ready: atomicDeleted(&atomicFolder{ID: 1}),
		value: func() any { return &atomicFolder{ID: 1} },
		run:   func(tx *gorm.DB, value any) error { _, err := softdelete.Restore(tx, value); return err },
	},
	{
		name: "RestoreDeletion", family: atomicOrgs,
		ready: atomicDeleted(&atomicOrg{ID: 1}),
		value: func() any { return nil },
		run: func(tx *gorm.DB, _ any) error {
			var row softdelete.Deletion
			// Of another session: the call must not be told apart from others by its own statements.
			if err := tx.Session(&gorm.Session{}).Take(&row).Error; err != nil {
				return err
			}
			_, err := softdelete.RestoreDeletion(tx, row.ID)
			return err
		},
	},
}
