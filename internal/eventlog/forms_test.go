package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestEventsGiveBackValuesWhateverTheSettingsOfWhoWritesAndWhoReads(t *testing.T) {
	stage := fixture.NewFormStage(t)
	for writing, settings := range fixture.FormSettings {
		writer := stage.Writer(t, settings)
		rows := append(fixture.Forms(), fixture.Endless())
		for i := range rows {
			require.NoError(t, writer.Create(&fixture.Form{ID: rows[i].ID, Label: "new"}).Error)
			require.NoError(t, writer.Save(&rows[i]).Error)
		}
		want := stage.Texts(t)
		for reading, settings := range fixture.FormSettings {
			reader := stage.Session(t, settings)
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
			require.Equal(t, want, stage.Texts(t), "written with %s, read with %s", writing, reading)
		}
	}
}
