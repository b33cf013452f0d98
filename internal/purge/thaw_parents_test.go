package purge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Rows with foreign keys of the database, by a primary key, by a composite one and by a personal value.
type (
	thawFirm struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
		Clerks    []thawClerk    `gorm:"foreignKey:FirmID"`
	}
	thawClerk struct {
		ID        uint
		FirmID    *uint
		Email     string `gorm:"uniqueIndex" softdelete:"full"`
		ChiefID   *uint
		Chief     *thawClerk     `gorm:"foreignKey:ChiefID"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
		Notes     []thawNote     `gorm:"foreignKey:Writer;references:Email"`
	}
	thawNote struct {
		Row       int    `gorm:"primaryKey"`
		Col       string `gorm:"primaryKey;size:9"`
		Writer    string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
		Lines     []thawLine     `gorm:"foreignKey:NoteRow,NoteCol"`
	}
	thawLine struct {
		ID        uint
		NoteRow   int
		NoteCol   string         `gorm:"size:9"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
	}
)

func TestAThawSaysThatTheParentsComeFirst(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawFirm{}, &thawClerk{}, &thawNote{}, &thawLine{}}, ColdStore: store})
		one := uint(1)
		s.Add(&thawFirm{ID: 1}, &thawClerk{ID: 1, FirmID: &one, Email: "canary"}, &thawClerk{ID: 2, Email: "other", ChiefID: &one},
			&thawNote{Row: 7, Col: "a,b", Writer: "canary"}, &thawLine{ID: 1, NoteRow: 7, NoteCol: "a,b"})
		s.Ago(40*fixture.Day, func() {
			for _, rows := range []any{&thawLine{}, &thawNote{}, &thawClerk{}, &thawFirm{}} {
				require.NoError(t, s.Where("1 = 1").Delete(rows).Error)
			}
		})
		batches := map[string]string{}
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		for _, m := range report.Models {
			require.Len(t, m.ColdBatches, 1, m.Table)
			batches[m.Table] = m.ColdBatches[0]
		}
		for _, refused := range []struct{ table, parents, key string }{
			{"thaw_lines", "thaw_notes", "7,a,b"}, {"thaw_notes", "thaw_clerks", ""}, {"thaw_clerks", "thaw_firms", "1"},
		} {
			_, err := softdelete.Thaw(s.DB, batches[refused.table])
			require.ErrorIs(t, err, softdelete.ErrParentDeleted, refused.table)
			require.ErrorContains(t, err, "thaw the parents' batch first")
			require.NotContains(t, err.Error(), "canary")
			var under *softdelete.ParentDeletedError
			require.ErrorAs(t, err, &under)
			require.Equal(t, [2]string{refused.parents, refused.key}, [2]string{under.Table, under.Key})
			require.Zero(t, fixture.Rows(t, s.DB, refused.table))
		}
		for _, table := range []string{"thaw_firms", "thaw_clerks", "thaw_notes", "thaw_lines"} {
			_, err := softdelete.Thaw(s.DB, batches[table])
			require.NoError(t, err, table)
		}
		require.Equal(t, 2, fixture.Rows(t, s.DB, "thaw_clerks", "deleted_at IS NULL"))
	})
}

func TestAThawBringsRowsBackThatReferToEachOther(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawFirm{}, &thawClerk{}, &thawNote{}, &thawLine{}}, ColdStore: store})
		chiefs := map[uint]uint{1: 2, 2: 3, 4: 4, 5: 6, 6: 7, 7: 5, 8: 6}
		for id := range uint(8) {
			s.Add(&thawClerk{ID: id + 1, Email: fmt.Sprint(id)})
		}
		for id, chief := range chiefs {
			require.NoError(t, s.Model(&thawClerk{ID: id}).Update("chief_id", chief).Error)
		}
		s.DeleteAgo(40*fixture.Day, &thawClerk{}, "1 = 1")
		purged, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		report := fixture.ReportOf(t, purged, "thaw_clerks")
		require.EqualValues(t, 8, report.Done)
		require.Len(t, report.ColdBatches, 1)
		require.Empty(t, s.IDs(&thawClerk{}))
		_, err = softdelete.Thaw(s.DB, report.ColdBatches[0])
		require.NoError(t, err)
		var clerks []thawClerk
		require.NoError(t, s.Find(&clerks).Error)
		require.Len(t, clerks, 8)
		for _, clerk := range clerks {
			if chief, has := chiefs[clerk.ID]; has {
				require.Equal(t, &chief, clerk.ChiefID)
			} else {
				require.Nil(t, clerk.ChiefID)
			}
		}
	})
}
