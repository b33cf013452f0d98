package gorm_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/utils/tests"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// registeredUser is a model of whose plugin it is asked.
type registeredUser struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

func TestThePluginIsRegisteredUnderItsName(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		plugin := softdelete.New(softdelete.Config{})
		require.NoError(t, db.Use(plugin))
		require.Equal(t, "softdelete", plugin.Name())
		require.Same(t, plugin, db.Plugins["softdelete"])
		require.ErrorIs(t, db.Use(softdelete.New(softdelete.Config{})), gorm.ErrRegistered)
	})
}

func TestOnePluginServesSeveralDatabasesAndIsInitialisedTwice(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plugin := softdelete.New(softdelete.Config{Models: []any{&registeredUser{}}})
		for range 3 {
			db := database.Open(t)
			require.NoError(t, db.Use(plugin))
			require.NoError(t, plugin.Initialize(db))
			require.NoError(t, db.AutoMigrate(&registeredUser{}))
			user := registeredUser{}
			require.NoError(t, db.Create(&user).Error)
			recorder := testdb.Record(db)
			require.NoError(t, db.Delete(&user).Error)
			require.Len(t, recorder.Statements(), 3, "BEGIN, one UPDATE, COMMIT: no callback runs twice")
			require.ErrorIs(t, db.Take(&registeredUser{}, user.ID).Error, gorm.ErrRecordNotFound)
		}
	})
}

func TestADatabaseThatThePluginDoesNotKnowIsRefused(t *testing.T) {
	db, err := gorm.Open(tests.DummyDialector{}, &gorm.Config{})
	require.NoError(t, err)
	require.ErrorIs(t, db.Use(softdelete.New(softdelete.Config{})), softdelete.ErrUnsupported)
}

func TestADatabaseWithoutThePluginIsToldSo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		recorder := testdb.Record(db)
		_, deleteErr := softdelete.Delete(db, &registeredUser{ID: 1})
		_, previewErr := softdelete.Preview(db, &registeredUser{ID: 1})
		_, restoreErr := softdelete.Restore(db, &registeredUser{ID: 1})
		_, deletionErr := softdelete.RestoreDeletion(db, "x")
		_, ddlErr := softdelete.DDL(db)
		for _, err := range []error{deleteErr, previewErr, restoreErr, deletionErr, ddlErr} {
			require.True(t, errors.Is(err, softdelete.ErrNotRegistered), "%v", err)
		}
		require.Empty(t, recorder.Statements())
	})
}
