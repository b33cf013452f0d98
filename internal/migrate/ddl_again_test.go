package migrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// Models whose tables an earlier release made with other indexes: each step of GORM's asks about those that the steps before it make.
type (
	againFormer struct {
		ID     uint
		Number string `gorm:"unique"`
		Code   string
		Slug   string `gorm:"uniqueIndex:idx_again_former"`
		Name   string `gorm:"uniqueIndex:idx_again_name"`
	}
	againPlain struct {
		ID     uint
		Number string `gorm:"uniqueIndex:idx_again_number"`
		Code   string `gorm:"uniqueIndex:idx_again_code"`
		Slug   string `gorm:"uniqueIndex:idx_again_slug"`
		Name   string `gorm:"unique"`
	}
	againArchived struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Number string `gorm:"uniqueIndex:idx_again_number"`
		Code   string `gorm:"uniqueIndex:idx_again_code"`
		Slug   string `gorm:"uniqueIndex:idx_again_slug"`
		Name   string `gorm:"unique"`
	}
	againFull struct {
		ID        uint
		Number    string `gorm:"uniqueIndex:idx_again_number" softdelete:"full"`
		Code      string `gorm:"uniqueIndex:idx_again_code" softdelete:"full"`
		Slug      string `gorm:"uniqueIndex:idx_again_slug" softdelete:"full"`
		Name      string `gorm:"unique" softdelete:"full"`
		DeletedAt gorm.DeletedAt
	}
	againNarrow struct {
		ID        uint
		Number    string `gorm:"uniqueIndex:idx_again_number"`
		Code      string `gorm:"uniqueIndex:idx_again_code"`
		Slug      string `gorm:"uniqueIndex:idx_again_slug"`
		Name      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
	}
)

func (againFormer) TableName() string   { return "agains" }
func (againPlain) TableName() string    { return "agains" }
func (againArchived) TableName() string { return "agains" }
func (againFull) TableName() string     { return "agains" }
func (againNarrow) TableName() string   { return "agains" }

func TestDDLListsEachIndexOnce(t *testing.T) {
	for name, model := range map[string]any{
		"of a model without a policy": &againPlain{}, "of an archive": &againArchived{}, "over all rows": &againFull{}, "over live rows": &againNarrow{},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				require.NoError(t, database.Open(t).AutoMigrate(&againFormer{}))
				db := migrateUse(t, database.Open(t))
				statements := requireDDL(t, db, model)
				if !slices.ContainsFunc(statements, func(text string) bool { return strings.HasPrefix(text, "DROP TABLE") }) { // whose indexes come again
					require.Len(t, slices.Compact(slices.Sorted(slices.Values(statements))), len(statements))
				}
				executeAll(t, db, statements)
				requireNoFurtherChange(t, db, model)
			})
		})
	}
}

// Two tables with an index of the same name.
type (
	againOne struct {
		ID        uint
		Code      string `gorm:"uniqueIndex:idx_again_shared"`
		DeletedAt gorm.DeletedAt
	}
	againTwo struct {
		ID        uint
		Code      string `gorm:"uniqueIndex:idx_again_shared"`
		DeletedAt gorm.DeletedAt
	}
	againOneBefore struct {
		ID   uint
		Code string
	}
	againTwoBefore struct {
		ID   uint
		Code string
	}
)

func (againOneBefore) TableName() string { return "again_ones" }
func (againTwoBefore) TableName() string { return "again_twos" }

func TestDDLTellsIndexesOfTwoTablesApart(t *testing.T) {
	for name, former := range map[string][]any{"new": nil, "made before": {&againOneBefore{}, &againTwoBefore{}}} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.OwnIndexNames, func(t *testing.T, database *testdb.Database) {
				require.NoError(t, database.Open(t).AutoMigrate(former...))
				db := migrateUse(t, database.Open(t))
				executeAll(t, db, requireDDL(t, db, &againOne{}, &againTwo{}))
				requireNoFurtherChange(t, db, &againOne{}, &againTwo{})
			})
			testdb.EachOf(t, testdb.IndexNames, func(t *testing.T, database *testdb.Database) {
				require.NoError(t, database.Open(t).AutoMigrate(former...))
				db := migrateUse(t, database.Open(t))
				_, err := softdelete.DDL(db, &againOne{}, &againTwo{})
				require.ErrorContains(t, err, "its name is taken, by table again_ones")
				require.EqualError(t, db.AutoMigrate(&againOne{}, &againTwo{}), err.Error())
			})
		})
	}
}
