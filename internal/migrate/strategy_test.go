package migrate_test

import (
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
