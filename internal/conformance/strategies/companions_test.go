package strategies_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// strFile has every companion column, strPage under it has them in other types.
type strFile struct {
	ID         uint
	Name       string
	UpdatedAt  time.Time
	Status     string                `softdelete:"status"`
	Was        string                `softdelete:"previous"`
	When       *time.Time            `softdelete:"at"`
	DeletionID softdelete.DeletionID `gorm:"index"`
	By         string                `softdelete:"actor"`
	Why        *string               `softdelete:"reason"`
	Pages      []strPage             `gorm:"foreignKey:FileID" softdelete:"cascade"`
}

// strTrail is embedded: its columns have a prefix.
type strTrail struct {
	When int64  `softdelete:"at;unit:ms"`
	By   string `gorm:"not null" softdelete:"actor"`
	Why  string `gorm:"not null" softdelete:"reason"`
}

type strPage struct {
	ID       uint
	FileID   uint
	Gone     bool                  `softdelete:"flag"`
	Trail    strTrail              `gorm:"embedded;embeddedPrefix:trail_"`
	Deletion softdelete.DeletionID `gorm:"column:taken_by"`
}

func strFiles(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := strOpen(t, database, &strFile{}, &strPage{})
	require.NoError(t, db.Create(&strFile{ID: 1, Name: "a", Status: "open", Pages: []strPage{{ID: 1}, {ID: 2}}}).Error)
	require.NoError(t, db.Create(&strFile{ID: 2, Name: "b", Status: "open", Pages: []strPage{{ID: 3}}}).Error)
	return db
}

func TestCompanions(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a deletion fills them, in the caller's struct too, and in every row that it takes", func(t *testing.T) {
			db := strFiles(t, database)
			ctx := softdelete.WithReason(softdelete.WithActor(t.Context(), "admin:7"), `it's 100% "spam"`)
			var file strFile
			require.NoError(t, db.First(&file, 1).Error)
			report, err := softdelete.Delete(db.WithContext(ctx), &file)
			require.NoError(t, err)
			require.Len(t, report.DeletionID, 45)
			require.Equal(t, "UTC", report.At.Location().String())

			require.Equal(t, "deleted", file.Status)
			require.Equal(t, "open", file.Was)
			require.True(t, report.At.Equal(*file.When))
			require.Equal(t, report.DeletionID, file.DeletionID)
			require.Equal(t, "admin:7", file.By)
			require.Equal(t, `it's 100% "spam"`, *file.Why)

			var stored strFile
			require.NoError(t, db.Unscoped().First(&stored, 1).Error)
			require.True(t, stored.When.Equal(*file.When))
			stored.When = file.When
			require.Equal(t, stored, file)

			var pages []strPage
			require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Order("id").Find(&pages).Error)
			require.Len(t, pages, 2)
			for _, page := range pages {
				require.Equal(t, report.DeletionID, page.Deletion)
				require.Equal(t, report.At.UnixMilli(), page.Trail.When)
				require.True(t, report.At.Equal(time.UnixMilli(page.Trail.When)), "the instant is as coarse as the coarsest column")
				require.Equal(t, "admin:7", page.Trail.By)
				require.Equal(t, `it's 100% "spam"`, page.Trail.Why)
			}
			require.Equal(t, "NULL", strRaw[strPage](t, db, "taken_by", 3))
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strFiles(t, database)
		var before strFile
		require.NoError(t, db.First(&before, 1).Error)

		t.Run("a context that names nobody leaves no trace", func(t *testing.T) {
			require.NoError(t, db.Delete(&strFile{ID: 1}).Error)
			require.Equal(t, "NULL", strRaw[strFile](t, db, "by", 1))
			require.Equal(t, "NULL", strRaw[strFile](t, db, "why", 1))
			require.Equal(t, "", strRaw[strPage](t, db, "trail_by", 1), "a NOT NULL column is empty")
		})

		t.Run("updated_at stays", func(t *testing.T) {
			var after strFile
			require.NoError(t, db.Unscoped().First(&after, 1).Error)
			require.True(t, before.UpdatedAt.Equal(after.UpdatedAt))
		})

		t.Run("a restore clears them", func(t *testing.T) {
			file := strFile{ID: 1}
			_, err := softdelete.Restore(db.WithContext(softdelete.WithActor(t.Context(), "admin:8")), &file)
			require.NoError(t, err)
			require.True(t, before.UpdatedAt.Equal(file.UpdatedAt))
			file.UpdatedAt = before.UpdatedAt
			require.Equal(t, before, file)
			for _, column := range []string{"was", "when", "deletion_id", "by", "why"} {
				require.Equal(t, "NULL", strRaw[strFile](t, db, column, 1), column)
			}
			for column, empty := range map[string]string{"gone": "0", "trail_when": "0", "trail_by": "", "trail_why": "", "taken_by": "NULL"} {
				require.Equal(t, empty, strRaw[strPage](t, db, column, 1), column)
			}
		})

		t.Run("by condition each row keeps its own former status", func(t *testing.T) {
			require.NoError(t, db.Model(&strFile{ID: 2}).Update("status", "locked").Error)
			ctx := softdelete.WithActor(context.Background(), "job")
			require.NoError(t, db.WithContext(ctx).Where("name IN ?", []string{"a", "b"}).Delete(&strFile{}).Error)
			require.Equal(t, "open", strRaw[strFile](t, db, "was", 1))
			require.Equal(t, "locked", strRaw[strFile](t, db, "was", 2))
			require.Equal(t, "job", strRaw[strPage](t, db, "trail_by", 3))
			require.Equal(t, strRaw[strFile](t, db, "deletion_id", 1), strRaw[strPage](t, db, "taken_by", 3))
		})
	})
}

func TestCompanionAt(t *testing.T) {
	type Time struct {
		ID   uint
		Name string
		Gone bool       `softdelete:"flag"`
		When *time.Time `softdelete:"at"`
	}
	t.Run("*time.Time", func(t *testing.T) { strMarksIn[Time](t, "when", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type NullTime struct {
		ID   uint
		Name string
		Gone bool         `softdelete:"flag"`
		When sql.NullTime `softdelete:"at"`
	}
	t.Run("sql.NullTime", func(t *testing.T) { strMarksIn[NullTime](t, "when", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type DeletedAt struct {
		ID     uint
		Name   string
		Status string         `softdelete:"status"`
		When   gorm.DeletedAt `softdelete:"at"`
	}
	t.Run("gorm.DeletedAt beside a status", func(t *testing.T) { strMarksIn[DeletedAt](t, "when", "NULL", strUTCNano, strUTCMicro, strUTCMilli) })
	type Seconds struct {
		ID     uint
		Name   string
		Status string `softdelete:"status"`
		When   uint32 `softdelete:"at"`
	}
	t.Run("uint32, seconds", func(t *testing.T) { strMarksIn[Seconds](t, "when", "0", "1772559367") })
	type Pointer struct {
		ID   uint
		Name string
		Gone *bool  `softdelete:"flag"`
		When *int64 `softdelete:"at;unit:us"`
	}
	t.Run("*int64, microseconds", func(t *testing.T) { strMarksIn[Pointer](t, "when", "NULL", "1772559367123456") })
}

// strHooked fails after it was deleted.
type strHooked struct {
	ID   uint
	Gone *bool  `softdelete:"flag"`
	When *int64 `softdelete:"at"`
}

func (*strHooked) AfterDelete(*gorm.DB) error { return sql.ErrConnDone }

func TestPointersOfTheCallerStayAsTheyAre(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, &strHooked{})
		gone, when := false, int64(0)
		row := strHooked{ID: 1, Gone: &gone, When: &when}
		require.NoError(t, db.Create(&row).Error)
		require.ErrorIs(t, db.Delete(&row).Error, sql.ErrConnDone)
		require.False(t, gone, "what the pointer points to")
		require.Zero(t, when)
		require.Equal(t, strHooked{ID: 1, Gone: &gone, When: &when}, row)

		require.NoError(t, db.Session(&gorm.Session{SkipHooks: true}).Delete(&row).Error)
		require.True(t, *row.Gone)
		require.False(t, gone, "a caller may have given the same pointer to many rows")
	})
}
