package paths_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What a session's settings make of the same SQL, and a driver's of the same results, must not show.

type (
	setShop struct {
		ID        string `gorm:"primaryKey;size:40"`
		Name      string `gorm:"size:60;uniqueIndex"`
		DeletedAt gorm.DeletedAt
		Mark      softdelete.DeletionID
		Orders    []setOrder `gorm:"foreignKey:ShopID" softdelete:"cascade"`
		Bills     []setBill  `gorm:"foreignKey:ShopID" softdelete:"cascade"`
	}
	setOrder struct {
		ID     uint
		ShopID string   `gorm:"size:40"`
		Shop   *setShop `softdelete:"guard"`
		State  string   `gorm:"size:30" softdelete:"status;deleted:it's gone;active:a new one"`
		Was    string   `gorm:"size:30" softdelete:"previous"`
		Mark   softdelete.DeletionID
		Lines  []setLine `gorm:"foreignKey:OrderID" softdelete:"cascade"`
	}
	setLine struct {
		ID        uint
		OrderID   uint
		DeletedAt *time.Time `softdelete:"timestamp;retain:30d"`
	}
	setBill struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		ShopID string `gorm:"size:40"`
		Text   string
	}
)

func TestTheSameStoryUnderEverySettingOfASession(t *testing.T) {
	modes := []string{"", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,STRICT_TRANS_TABLES", "ANSI", "TRADITIONAL"}
	settings := []string{"", "loc=Etc%2FUTC"}
	for _, mode := range modes {
		settings = append(settings, "sql_mode="+url.QueryEscape("'"+mode+"'"))
	}
	for _, driver := range []string{"clientFoundRows=true", "interpolateParams=true", "clientFoundRows=true&interpolateParams=true"} {
		settings = append(settings, driver, driver+"&sql_mode="+url.QueryEscape("'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"))
	}
	testdb.EachOf(t, testdb.SettingsOfSessions, func(t *testing.T, database *testdb.Database) {
		models := []any{&setShop{}, &setOrder{}, &setLine{}, &setBill{}}
		told := ""
		for i, set := range settings {
			db := database.Set(set).Open(t, &gorm.Config{PrepareStmt: i%2 == 1})
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true})))
			require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...), set)
			story := storyOf(t, db, set)
			if told == "" {
				told = story
			}
			require.Equal(t, told, story, set)
			for _, model := range models {
				require.NoError(t, db.Migrator().DropTable(model))
			}
			fixture.Exec(t, db, "DROP TABLE set_bills_archive")
		}
	})
}

// storyOf deletes, restores, upserts and purges, and tells what is there after each step.
func storyOf(t *testing.T, db *gorm.DB, set string) (told string) {
	t.Helper()
	step := func(name string, err error) {
		t.Helper()
		require.NoError(t, err, "%s: %s", set, name)
		told += fmt.Sprintf("%s: %d shops, %d orders, %d lines, %d bills; %d shops, %d lines, %d bills archived\n", name,
			count64(t, db.Model(&setShop{})), count64(t, db.Model(&setOrder{})), count64(t, db.Model(&setLine{})), count64(t, db.Model(&setBill{})),
			count64(t, db.Unscoped().Model(&setShop{})), count64(t, db.Unscoped().Model(&setLine{})), count64(t, db.Clauses(softdelete.OnlyDeleted).Model(&setBill{})))
	}
	shops := []setShop{{ID: `a\b`, Name: `one's "shop" \`}, {ID: "c", Name: "two || three"}}
	for i := range shops {
		shops[i].Orders = []setOrder{{State: "open", Lines: []setLine{{}, {}}}, {State: `it's`, Lines: []setLine{{}}}}
		shops[i].Bills = []setBill{{Text: `b\`}, {Text: `"`}}
	}
	step("create", db.Create(&shops).Error)
	report, err := softdelete.Delete(db, &setShop{ID: `a\b`})
	step("delete", err)
	told += fmt.Sprintln(report.Rows(), len(report.Effects))
	require.ErrorIs(t, db.Create(&setOrder{ShopID: `a\b`, State: "open"}).Error, softdelete.ErrParentDeleted, set)
	require.ErrorIs(t, db.Save(&setShop{ID: `a\b`, Name: "x"}).Error, softdelete.ErrRowDeleted, set)
	upsert := clause.OnConflict{UpdateAll: true}
	require.ErrorIs(t, db.Clauses(upsert).Create(&[]setShop{{ID: "d", Name: "d"}, {ID: `a\b`, Name: "x"}}).Error, softdelete.ErrRowDeleted, set)
	step("refused", nil)
	step("upsert", db.Clauses(upsert).Create(&setShop{ID: "c", Name: `two \ four`}).Error)
	step("the name again", db.Create(&setShop{ID: "e", Name: `one's "shop" \`}).Error)
	require.Error(t, db.Create(&setShop{ID: "f", Name: `ONE'S "shop" \`}).Error, set)
	_, err = softdelete.Restore(db, &setShop{ID: `a\b`})
	require.ErrorIs(t, err, softdelete.ErrRestoreConflict, set)
	step("gone for good", db.Unscoped().Delete(&setShop{ID: "e"}).Error)
	_, err = softdelete.RestoreDeletion(db, report.DeletionID)
	step("restore", err)
	var states []string
	require.NoError(t, db.Model(&setOrder{}).Order("id").Pluck("state", &states).Error)
	told += fmt.Sprintln(states)
	step("save what is the same", db.Save(&setShop{ID: "c", Name: `two \ four`}).Error)
	step("delete by a condition", db.Where("name LIKE ?", "two%").Delete(&setShop{}).Error)
	at := time.Now().Add(-31 * 24 * time.Hour).UTC()
	require.NoError(t, db.Unscoped().Model(&setLine{}).Where("deleted_at IS NOT NULL").Update("deleted_at", at).Error)
	purged, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	step("purge", err)
	for _, model := range purged.Models {
		told += fmt.Sprintln(model.Model, model.Eligible, model.Done)
	}
	return told
}

func count64(t *testing.T, query *gorm.DB) (rows int64) {
	t.Helper()
	require.NoError(t, query.Count(&rows).Error)
	return rows
}
