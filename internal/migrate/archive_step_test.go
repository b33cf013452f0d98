package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Archives whose models gain, lose and change columns, one at a time and several at once.

type (
	steppedBefore struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Name string `gorm:"size:20"`
		Rank int32
		Note string
		Gone *int
	}
	steppedGained struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Name  string `gorm:"size:20"`
		Rank  int32
		Note  string
		Gone  *int
		Level int `gorm:"not null;default:3"`
	}
	steppedPointer struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Name  string `gorm:"size:20"`
		Rank  int32
		Note  string
		Gone  *int
		Label *string
	}
	steppedLost struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Name string `gorm:"size:20"`
		Rank int32
	}
	steppedRetyped struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Name string `gorm:"type:text"`
		Rank int64
		Note string
		Gone *int
	}
	steppedText struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Name  string `gorm:"size:20"`
		Rank  int32
		Note  string
		Gone  *int
		State string `gorm:"not null;default:new"`
	}
	steppedAll struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Name  string  `gorm:"type:text"`
		Rank  int64   `gorm:"not null;default:7"`
		Level int     `gorm:"not null;default:3"`
		Label *string `gorm:"index"`
		Live  bool    `gorm:"not null;default:true"`
		Ratio float64 `gorm:"default:0.5"`
	}
)

func (steppedBefore) TableName() string  { return "steps" }
func (steppedGained) TableName() string  { return "steps" }
func (steppedPointer) TableName() string { return "steps" }
func (steppedLost) TableName() string    { return "steps" }
func (steppedRetyped) TableName() string { return "steps" }
func (steppedText) TableName() string    { return "steps" }
func (steppedAll) TableName() string     { return "steps" }

func TestAnArchiveFollowsAModelThatGainsLosesAndChangesColumns(t *testing.T) {
	for name, c := range map[string]struct {
		model  any
		values map[string]any // of the row that comes back
	}{
		"gained, NOT NULL with a default": {&steppedGained{}, map[string]any{"level": 3}},
		"gained, a pointer":               {&steppedPointer{}, map[string]any{"label": nil}},
		"lost":                            {&steppedLost{}, nil},
		"of another type":                 {&steppedRetyped{}, map[string]any{"name": "n"}},
		"gained, with a text as default":  {&steppedText{}, map[string]any{"state": "new"}},
		"all at once":                     {&steppedAll{}, map[string]any{"level": 3, "label": nil, "rank": 4}},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				former := fixture.Models(t, database, []any{&steppedBefore{}})
				require.NoError(t, former.Create(&steppedBefore{ID: 1, Name: "n", Rank: 4}).Error)
				require.NoError(t, former.Create(&steppedBefore{ID: 2, Name: "m", Rank: 5}).Error)
				require.NoError(t, former.Exec("UPDATE steps SET note = NULL").Error)
				require.NoError(t, former.Delete(&steppedBefore{ID: 1}).Error)

				db := fixture.Use(t, database, softdelete.Config{Models: []any{c.model}})
				_, err := softdelete.DDL(db, c.model)
				require.NoError(t, err)
				require.NoError(t, db.AutoMigrate(c.model))
				again, err := softdelete.DDL(db, c.model)
				require.NoError(t, err)
				require.Empty(t, again)
				require.NoError(t, db.Delete(c.model, 2).Error, "a row of the time before")
				report, err := softdelete.Restore(db.Where("id IN (1, 2)"), c.model)
				require.NoError(t, err)
				require.EqualValues(t, 2, report.Rows())
				for column, value := range c.values {
					row := map[string]any{}
					require.NoError(t, db.Table("steps").Where("id = 1").Take(&row).Error)
					require.EqualValues(t, value, row[column], column)
				}
			})
		})
	}
}
