package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestEventsGiveBackValuesWhateverTheSettingsOfWhoWritesAndWhoReads(t *testing.T) {
	database := fixture.FormDatabase(t)
	store, _ := fixture.ColdDir(t)
	config := softdelete.Config{Models: []any{&fixture.Form{}}, ColdStore: store}
	require.NoError(t, fixture.Use(t, database, config).AutoMigrate(&fixture.Form{}))
	for writing, settings := range fixture.FormSettings {
		writer := fixture.FormSession(t, fixture.Use(t, database, config), settings)
		fixture.Exec(t, writer, "DELETE FROM forms", "DELETE FROM forms_events")
		rows := append(fixture.Forms(), fixture.Endless())
		for i := range rows {
			require.NoError(t, writer.Create(&fixture.Form{ID: rows[i].ID, Label: "new"}).Error)
			require.NoError(t, writer.Save(&rows[i]).Error)
		}
		want := fixture.FormTexts(t, database, "forms")
		for reading, settings := range fixture.FormSettings {
			reader := fixture.FormSession(t, fixture.Use(t, database, config), settings)
			for _, row := range fixture.Forms() {
				var stored fixture.Form
				require.NoError(t, reader.First(&stored, row.ID).Error)
				replayed := fixture.Form{ID: row.ID}
				require.NoError(t, softdelete.AsOf(reader, &replayed, time.Now().Add(time.Minute)), "written with %s, read with %s", writing, reading)
				require.Equal(t, stored, replayed, "written with %s, read with %s", writing, reading)
			}
			changed, err := softdelete.Rebuild(reader, &fixture.Form{})
			require.NoError(t, err)
			require.Zero(t, changed, "written with %s, read with %s", writing, reading)
			fixture.Exec(t, reader, "UPDATE forms SET day = NULL, interval = '1 day', at = now() WHERE id <> 3", "DELETE FROM forms WHERE id = 3",
				"UPDATE forms SET zoned = NULL, pairs = NULL, pair_lists = NULL, grid = NULL, instants = NULL, data = NULL, price = 0, ratio = 0, single = 0, mood = 'gone' WHERE id < 5")
			changed, err = softdelete.Rebuild(reader, &fixture.Form{})
			require.NoError(t, err)
			require.EqualValues(t, 5, changed)
			require.Equal(t, want, fixture.FormTexts(t, database, "forms"), "written with %s, read with %s", writing, reading)
		}
	}
}
