package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// archiveDeed is archived and logged, and so are the pages under it.
	archiveDeed struct {
		_     struct{} `softdelete:"archive;events"`
		ID    uint
		Text  string
		Pages []archiveDeedPage `gorm:"foreignKey:DeedID" softdelete:"cascade"`
	}
	archiveDeedPage struct {
		_      struct{} `softdelete:"archive;events"`
		ID     uint
		DeedID uint
	}
)

func TestArchiveAndEvents(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveDeed{}, &archiveDeedPage{}}}).WithContext(archiveContext(t))
		require.NoError(t, db.AutoMigrate(&archiveDeed{}, &archiveDeedPage{}))
		statements, err := softdelete.DDL(db, &archiveDeed{}, &archiveDeedPage{})
		require.NoError(t, err)
		require.Empty(t, statements)
		log := func(value any) (types []string) {
			events, err := softdelete.History(db, value)
			require.NoError(t, err)
			for i, event := range events {
				require.EqualValues(t, i+1, event.Version)
				types = append(types, event.Type)
			}
			return types
		}
		requireLogs := func(types ...string) {
			t.Helper()
			require.Equal(t, types, log(&archiveDeed{ID: 1}))
			require.Equal(t, types, log(&archiveDeedPage{ID: 1}))
			require.Equal(t, types, log(&archiveDeedPage{ID: 2}))
			require.Equal(t, []string{"created"}, log(&archiveDeed{ID: 2}), "another row")
		}
		require.NoError(t, db.Create([]archiveDeed{{ID: 1, Text: "t", Pages: []archiveDeedPage{{ID: 1}, {ID: 2}}}, {ID: 2}}).Error)
		requireLogs("created")
		report, err := softdelete.Delete(db, &archiveDeed{ID: 1})
		require.NoError(t, err)
		requireLogs("created", "deleted")
		events, err := softdelete.History(db, &archiveDeed{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "ann", events[1].Actor)
		require.Equal(t, "paid", events[1].Reason)
		require.JSONEq(t, `{"id": 1, "text": "t"}`, string(events[1].Data))
		require.Equal(t, 1, fixture.Rows(t, db, "archive_deeds_events", "deletion_id = ? AND type = 'deleted'", report.DeletionID))
		require.NoError(t, db.Delete(&archiveDeed{ID: 1}).Error)
		requireLogs("created", "deleted")

		_, err = softdelete.Restore(db, &archiveDeed{ID: 1})
		require.NoError(t, err)
		requireLogs("created", "deleted", "restored")
		require.Equal(t, 1, fixture.Rows(t, db, "archive_deeds_events", "deletion_id = ? AND type = 'restored'", report.DeletionID))

		report, err = softdelete.Delete(db.Where("id = 1"), &archiveDeed{})
		require.NoError(t, err)
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		requireLogs("created", "deleted", "restored", "deleted", "restored")
		rebuilt, err := softdelete.Rebuild(db, &archiveDeed{})
		require.NoError(t, err)
		require.Zero(t, rebuilt)

		require.NoError(t, db.Unscoped().Delete(&archiveDeed{ID: 1}).Error)
		requireLogs("created", "deleted", "restored", "deleted", "restored", "deleted")
		require.Equal(t, 0, fixture.Rows(t, db, "archive_deeds_archive"))
		require.NoError(t, db.Create(&archiveDeed{ID: 1, Text: "again"}).Error)
		require.Equal(t, "created", log(&archiveDeed{ID: 1})[6])
		for _, table := range []string{"archive_deeds_archive_events", "archive_deed_pages_archive_events"} {
			require.False(t, db.Migrator().HasTable(table))
		}
	})
}
