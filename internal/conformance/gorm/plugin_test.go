package gorm_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
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
		once := 0 // how many statements there are where it is initialised once
		for i := range 4 {
			db := database.Open(t)
			require.NoError(t, db.Use(plugin))
			if i > 0 {
				require.NoError(t, plugin.Initialize(db))
			}
			require.NoError(t, db.AutoMigrate(&registeredUser{}))
			user := registeredUser{}
			require.NoError(t, db.Create(&user).Error)
			recorder := testdb.Record(db)
			require.NoError(t, db.Delete(&user).Error)
			sent := recorder.Statements()
			if i == 0 {
				once = len(sent)
			}
			require.Len(t, sent, once, "no callback runs twice")
			sent = slices.DeleteFunc(sent, func(sql string) bool { return sql != "BEGIN" && sql != "COMMIT" && !isWrite(sql) })
			require.Len(t, sent, 3, "BEGIN, one UPDATE, COMMIT")
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

func TestOnePluginValueServesSeveralDatabases(t *testing.T) {
	plugin := softdelete.New(softdelete.Config{Models: []any{&contractTeam{}, &contractMember{}}})
	var dbs []*gorm.DB
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		// Two on one database, and with those of the other subtests several products.
		for range 2 {
			dbs = append(dbs, database.Open(t))
		}
		for i, db := range dbs[len(dbs)-2:] {
			require.NoError(t, db.Use(plugin))
			if i == 0 {
				require.NoError(t, db.AutoMigrate(&contractTeam{}, &contractMember{}, &contractNote{}))
				require.NoError(t, db.Create(&contractTeam{ID: 1, Name: "one", Members: []contractMember{{Name: "a"}}}).Error)
			}
		}
		first, second := dbs[len(dbs)-2], dbs[len(dbs)-1]
		require.NoError(t, first.Delete(&contractTeam{ID: 1}).Error)
		require.Equal(t, ": ", contractLive(t, second))
		_, err := softdelete.Restore(second, &contractTeam{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "one: a", contractLive(t, first))
	})
}

func TestInitializeTwiceChangesNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		plugin := db.Plugins["softdelete"]
		recorder := testdb.Record(db)
		writes := func() (writes []string) {
			recorder.Reset()
			require.NoError(t, db.Delete(&contractTeam{ID: 1}).Error)
			require.Equal(t, "two three: c", contractLive(t, db))
			return slices.DeleteFunc(recorder.Statements(), func(sql string) bool { return !isWrite(sql) })
		}
		once := writes()
		require.NotEmpty(t, once)
		_, err := softdelete.Restore(db, &contractTeam{ID: 1})
		require.NoError(t, err)
		require.NoError(t, plugin.Initialize(db))
		require.ErrorIs(t, db.Use(plugin), gorm.ErrRegistered)
		require.Equal(t, once, writes())
	})
}

func TestADatabaseOpenedWithTheConfigOfAnother(t *testing.T) {
	// GORM initializes the plugins of a Config again for the database that is opened with it, and both share the schemas.
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		second := database.Open(t, db.Config)
		require.NoError(t, second.Delete(&contractTeam{ID: 1}).Error)
		require.Equal(t, "two three: c", contractLive(t, db))
		require.Equal(t, "two three: c", contractLive(t, second))
		_, err := softdelete.Restore(second, &contractTeam{ID: 1})
		require.NoError(t, err)
		require.Equal(t, contractAll, contractLive(t, second))
		require.NoError(t, db.Delete(&contractTeam{ID: 2}).Error)
		require.Equal(t, "one three: a b", contractLive(t, second))
	})
}

type contractWrong struct {
	ID        uint
	DeletedAt gorm.DeletedAt `softdelete:"retian:90d"`
}

func TestAUseThatFailsLeavesGormAsItWas(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.ErrorIs(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&contractNote{}, &contractWrong{}}})), softdelete.ErrPolicy)
		require.NotContains(t, db.Plugins, "softdelete")
		require.NoError(t, db.AutoMigrate(&contractNote{}))
		require.NoError(t, db.Create(&contractNote{Text: "x"}).Error)
		note := contractNote{Model: gorm.Model{ID: 1}}
		require.NoError(t, db.Delete(&note).Error)
		var all, live int64
		require.NoError(t, db.Model(&contractNote{}).Count(&live).Error)
		require.NoError(t, db.Unscoped().Model(&contractNote{}).Count(&all).Error)
		require.Zero(t, live)
		require.EqualValues(t, 1, all, "the row is marked, as under plain GORM")

		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&contractNote{}}})), "with the models put right")
		_, err := softdelete.Restore(db, &note)
		require.NoError(t, err)
		require.NoError(t, db.Model(&contractNote{}).Count(&live).Error)
		require.EqualValues(t, 1, live)
	})
}

func TestManyDatabasesAreOpenedAtOnce(t *testing.T) {
	plugin := softdelete.New(softdelete.Config{Models: []any{&contractTeam{}, &contractMember{}}})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		var wait sync.WaitGroup
		errs := make(chan error, 8)
		for range cap(errs) {
			db := database.Open(t)
			wait.Go(func() {
				if err := db.Use(plugin); err != nil {
					errs <- err
					return
				}
				sql := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Delete(&contractTeam{ID: 1}) })
				if sql[:6] != "UPDATE" {
					errs <- fmt.Errorf("not marked: %s", sql)
				}
			})
		}
		wait.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
	})
}
