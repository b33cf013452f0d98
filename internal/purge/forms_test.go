package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestColdStorageGivesBackValuesWhateverTheSettingsOfWhoWritesAndWhoReads(t *testing.T) {
	database := fixture.FormDatabase(t)
	store, _ := fixture.ColdDir(t)
	config := softdelete.Config{Models: []any{&fixture.Form{}}, ColdStore: store}
	require.NoError(t, fixture.Use(t, database, config).AutoMigrate(&fixture.Form{}))
	for writing, settings := range fixture.FormSettings {
		writer := fixture.FormSession(t, fixture.Use(t, database, config), settings)
		fixture.Exec(t, writer, "DELETE FROM forms", "DELETE FROM forms_events")
		rows := append(fixture.Forms(), fixture.Endless())
		require.NoError(t, writer.Create(&rows).Error)
		want := fixture.FormTexts(t, database, "forms")
		for reading, settings := range fixture.FormSettings {
			require.NoError(t, writer.Where("id > 0").Delete(&fixture.Form{}).Error)
			fixture.Exec(t, writer, "UPDATE forms SET deleted_at = now() - interval '9 days'")
			report, err := softdelete.Purge(writer, softdelete.PurgeOptions{})
			require.NoError(t, err)
			require.EqualValues(t, len(rows), report.Models[0].Done)
			require.Empty(t, fixture.FormTexts(t, database, "forms"))
			reader := fixture.FormSession(t, fixture.Use(t, database, config), settings)
			for _, batch := range report.Models[0].ColdBatches {
				_, err := softdelete.Thaw(reader, batch)
				require.NoError(t, err, "written with %s, read with %s", writing, reading)
			}
			require.Equal(t, want, fixture.FormTexts(t, database, "forms"), "written with %s, read with %s", writing, reading)
		}
	}
}
