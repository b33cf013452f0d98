package migrate_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The models of this file are one table as versions of an application have it.
type (
	changeModel struct {
		gorm.Model
		Name string
	}
	changeFlagged struct {
		ID      uint
		Name    string
		Deleted bool `softdelete:"flag"`
	}
	changeNumbered struct {
		ID    uint
		Name  string
		IsDel int `softdelete:"flag"`
	}

	changeArchive struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Name string
	}
	changeHard struct {
		_    struct{} `softdelete:"hard"`
		ID   uint
		Name string
	}
	changeNever struct {
		_    struct{} `softdelete:"never"`
		ID   uint
		Name string
	}
	changeStatus struct {
		ID    uint
		Name  string
		State string `gorm:"default:new" softdelete:"status;active:new"`
	}
	// changeField has the former column as an ordinary field.
	changeField struct {
		_         struct{} `softdelete:"hard"`
		ID        uint
		DeletedAt *time.Time
		Deleted   *bool
		IsDel     *int
	}
)

const changeTable = "changes"

func (changeModel) TableName() string    { return changeTable }
func (changeFlagged) TableName() string  { return changeTable }
func (changeNumbered) TableName() string { return changeTable }
func (changeArchive) TableName() string  { return changeTable }
func (changeHard) TableName() string     { return changeTable }
func (changeNever) TableName() string    { return changeTable }
func (changeStatus) TableName() string   { return changeTable }
func (changeField) TableName() string    { return changeTable }

func TestAChangedStrategyDoesNotReviveWhatWasDeletedBefore(t *testing.T) {
	formers := map[string]struct {
		model  any
		column string
	}{
		"gorm.Model": {&changeModel{}, "deleted_at"}, "flag": {&changeFlagged{}, "deleted"}, "number": {&changeNumbered{}, "is_del"},
	}
	later := map[string]func() any{
		"archive": func() any { return &changeArchive{} }, "hard": func() any { return &changeHard{} },
		"never": func() any { return &changeNever{} }, "status": func() any { return &changeStatus{} },
	}
	for before, former := range formers {
		for word, model := range later {
			t.Run(before+" to "+word, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, database *testdb.Database) {
					checkChange(t, database, former.model, former.column, word, model())
				})
			})
		}
	}
}

func checkChange(t *testing.T, database *testdb.Database, former any, column, word string, model any) {
	old := fixture.Models(t, database, []any{former})
	for _, name := range []string{"live", "deleted", "deleted too"} {
		require.NoError(t, old.Model(former).Create(map[string]any{"name": name}).Error)
	}
	require.NoError(t, old.Where("name LIKE ?", "deleted%").Delete(former).Error)

	db := fixture.Use(t, database, softdelete.Config{})
	_, ddl := softdelete.DDL(db, model)
	for _, err := range []error{db.AutoMigrate(model), ddl} {
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, "2 rows")
		require.ErrorContains(t, err, column)
		require.ErrorContains(t, err, word)
		require.NotContains(t, err.Error(), "deleted too")
	}
	require.False(t, db.Migrator().HasColumn(changeTable, "state"), "nothing was changed")
	require.False(t, db.Migrator().HasTable(changeTable+"_archive"))
	require.NoError(t, db.AutoMigrate(&changeField{}), "a field of the model says itself what it is")

	require.NoError(t, db.Exec("DELETE FROM changes WHERE name LIKE 'deleted%'").Error)
	require.NoError(t, db.AutoMigrate(model), "a column without values is in nobody's way")
}

// changeTimed and changeSeconds keep the time of deletion under one name, each in its own way.
type changeTimed struct {
	ID        uint
	DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
}

type changeSeconds struct {
	ID        uint
	DeletedAt int64 `softdelete:"timestamp;retain:1d"`
}

func (changeTimed) TableName() string   { return changeTable }
func (changeSeconds) TableName() string { return changeTable }

func TestATimeOfDeletionThatChangesItsKindIsRefused(t *testing.T) {
	for name, versions := range map[string][2]any{
		"from an integer to a time": {&changeSeconds{}, &changeTimed{}},
		"from a time to an integer": {&changeTimed{}, &changeSeconds{}},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				before := fixture.Models(t, database, versions[:1])
				fixture.Exec(t, before, "INSERT INTO changes (id) VALUES (1), (2)")
				require.NoError(t, before.Model(versions[0]).Where("deleted_at IS NULL").Update("deleted_at", reflect.Zero(
					reflect.TypeOf(versions[0]).Elem().Field(1).Type).Interface()).Error)
				require.NoError(t, before.Where("id = 2").Delete(versions[0]).Error)
				require.NoError(t, before.AutoMigrate(versions[0]), "of the same version")
				content := fixture.Dump(t, before, versions[0])

				after := fixture.Use(t, database, softdelete.Config{Models: versions[1:]})
				for what, migrate := range map[string]func() error{
					"AutoMigrate": func() error { return after.AutoMigrate(versions[1]) },
					"DDL":         func() error { _, err := softdelete.DDL(after); return err },
				} {
					err := migrate()
					require.ErrorIs(t, err, softdelete.ErrPolicy, what)
					require.ErrorContains(t, err, "the column deleted_at of table changes holds", what)
				}
				require.Equal(t, content, fixture.Dump(t, before, versions[0]))
			})
		})
	}
}

// These keep the IDs of deletions beside a column that has any name.
type (
	changeRemoved struct {
		ID         uint
		Name       string
		RemovedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	changeRemovedAlone struct {
		ID        uint
		Name      string
		RemovedAt gorm.DeletedAt
	}
	changeState struct {
		ID         uint
		Name       string
		Kind       string `softdelete:"status;active:new"`
		DeletionID softdelete.DeletionID
	}
	changeTime struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
)

func (changeRemoved) TableName() string      { return changeTable }
func (changeRemovedAlone) TableName() string { return changeTable }
func (changeState) TableName() string        { return changeTable }
func (changeTime) TableName() string         { return changeTable }

func TestRowsWithADeletionIDAreNotLiveUnderAnotherStrategy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, former := range []any{&changeRemoved{}, &changeState{}} {
			old := fixture.Models(t, database, []any{former})
			for _, name := range []string{"live", "deleted", "restored"} {
				require.NoError(t, old.Model(former).Create(map[string]any{"name": name}).Error)
			}
			require.NoError(t, old.Where("name <> 'live'").Delete(former).Error)
			_, err := softdelete.Restore(old.Where("name = 'restored'"), former)
			require.NoError(t, err)
			db := fixture.Use(t, database, softdelete.Config{})
			for _, model := range []any{&changeHard{}, &changeNever{}, &changeTime{}, &changeFlagged{}, &changeStatus{}} {
				err := db.AutoMigrate(model)
				require.ErrorIs(t, err, softdelete.ErrPolicy, "%T to %T", former, model)
				require.ErrorContains(t, err, "1 row")
				require.ErrorContains(t, err, "deletion_id")
			}
			require.Error(t, db.AutoMigrate(&changeArchive{}))
			if _, kept := former.(*changeRemoved); kept {
				fixture.Exec(t, db, "UPDATE changes SET deletion_id = 'left' WHERE name = 'live'")
				require.NoError(t, db.AutoMigrate(&changeRemovedAlone{}), "the time says which are deleted")
			}
			fixture.Exec(t, db, "UPDATE changes SET deletion_id = ''")
			require.NoError(t, db.AutoMigrate(&changeTime{}))
			require.NoError(t, db.Migrator().DropTable(changeTable))
		}
	})
}
