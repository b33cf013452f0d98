package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestColdStorageGivesBackValuesWhateverTheSettingsOfWhoWritesAndWhoReads(t *testing.T) {
	stage := fixture.NewFormStage(t)
	for writing, settings := range fixture.FormSettings {
		writer := stage.Writer(t, settings)
		rows := append(fixture.Forms(), fixture.Endless())
		require.NoError(t, writer.Create(&rows).Error)
		want := stage.Texts(t)
		for reading, settings := range fixture.FormSettings {
			require.NoError(t, writer.Where("id > 0").Delete(&fixture.Form{}).Error)
			fixture.Exec(t, writer, "UPDATE forms SET deleted_at = now() - interval '9 days'")
			report, err := softdelete.Purge(writer, softdelete.PurgeOptions{})
			require.NoError(t, err)
			require.EqualValues(t, len(rows), report.Models[0].Done)
			require.Empty(t, stage.Texts(t))
			reader := stage.Session(t, settings)
			for _, batch := range report.Models[0].ColdBatches {
				_, err := softdelete.Thaw(reader, batch)
				require.NoError(t, err, "written with %s, read with %s", writing, reading)
			}
			require.Equal(t, want, stage.Texts(t), "written with %s, read with %s", writing, reading)
		}
	}
}
