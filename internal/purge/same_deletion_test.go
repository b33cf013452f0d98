package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Parents and children by what says which deletion took a row: a DeletionID, a time, or a time of another kind.
type (
	sameID struct {
		ID         uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		IDs        []sameIDChild    `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Times      []sameTimeChild  `gorm:"foreignKey:ByID" softdelete:"cascade"`
		Files      []sameFiledChild `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	sameTime struct {
		ID        uint
		DeletedAt gorm.DeletedAt   `softdelete:"retain:30d"`
		Times     []sameTimeChild  `gorm:"foreignKey:ByTime" softdelete:"cascade"`
		Counts    []sameCountChild `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	sameIDChild struct {
		ID         uint
		ParentID   uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	sameTimeChild struct {
		ID           uint
		ByID, ByTime *uint
		DeletedAt    gorm.DeletedAt
	}
	sameCountChild struct {
		ID       uint
		ParentID uint
		Gone     int64 `softdelete:"timestamp;unit:us"`
	}
	sameFiledChild struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID uint
	}
)

func TestOnlyRowsThatTheParentsDeletionTookGoWithIt(t *testing.T) {
	one := uint(1)
	for kind, c := range map[string]struct {
		table       string
		parent      any
		early, with any // children: one that is deleted before, and one that the parent's deletion takes
	}{
		"DeletionIDs":             {"same_ids", &sameID{ID: 1}, &sameIDChild{ID: 1, ParentID: 1}, &sameIDChild{ID: 2, ParentID: 1}},
		"a DeletionID and a time": {"same_ids", &sameID{ID: 1}, &sameTimeChild{ID: 1, ByID: &one}, &sameTimeChild{ID: 2, ByID: &one}},
		"an archive":              {"same_ids", &sameID{ID: 1}, &sameFiledChild{ID: 1, ParentID: 1}, &sameFiledChild{ID: 2, ParentID: 1}},
		"times":                   {"same_times", &sameTime{ID: 1}, &sameTimeChild{ID: 1, ByTime: &one}, &sameTimeChild{ID: 2, ByTime: &one}},
		"times of two kinds":      {"same_times", &sameTime{ID: 1}, &sameCountChild{ID: 1, ParentID: 1}, &sameCountChild{ID: 2, ParentID: 1}},
	} {
		t.Run(kind, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				s := fixture.NewStage(t, database, softdelete.Config{Models: []any{
					&sameID{}, &sameTime{}, &sameIDChild{}, &sameTimeChild{}, &sameCountChild{}, &sameFiledChild{},
				}})
				s.Add(c.parent, c.early, c.with)
				s.DeleteAgo(41*fixture.Day, c.early)
				s.DeleteAgo(40*fixture.Day, c.parent)
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
				require.NoError(t, err)
				require.Contains(t, s.IDs(c.early), uint(1), "nothing says that it may go")
				require.Equal(t, []uint{1}, s.IDs(c.parent), "the child refers to it")
				require.EqualValues(t, 1, fixture.ReportOf(t, report, c.table).Referenced)
				restored, err := softdelete.Restore(s.DB, c.parent)
				require.NoError(t, err)
				require.EqualValues(t, 1, restored.Rows())
				s.DeleteAgo(40*fixture.Day, c.parent)
				require.NoError(t, s.Unscoped().Clauses(softdelete.OnlyDeleted).Delete(c.early).Error)
				_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
				require.NoError(t, err)
				require.Empty(t, s.IDs(c.parent))
				require.Empty(t, s.IDs(c.with))
			})
		})
	}
}
