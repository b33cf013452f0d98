package erasure_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// filedPerson has a natural key, which is used again.
	filedPerson struct {
		_         struct{} `softdelete:"archive"`
		Login     string   `gorm:"primaryKey;size:40"`
		CreatedAt time.Time
		Name      string `pii:"fixed:[erased]"`
		Profile   string `pii:"json:$.name"`
		Nick      string `pii:"func:blank"`
		Plan      string
		Bills     []filedBill `gorm:"foreignKey:Login;references:Login" softdelete:"cascade"`
		Faxes     []filedFax  `gorm:"foreignKey:Login;references:Login;constraint:-"`
	}
	filedBill struct {
		_      struct{} `softdelete:"archive;events"`
		ID     uint
		Login  string
		Holder string `pii:"hmac"`
		Amount int
		Lines  []filedLine `gorm:"foreignKey:BillID" softdelete:"cascade"`
	}
	filedLine struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		BillID uint
		Text   string `pii:"null"`
	}
	filedFax struct {
		_     struct{} `softdelete:"archive" pii:"delete"`
		ID    uint
		Login string
		Text  string
	}
)

func filedConfig(batch int) softdelete.Config {
	failsAt := 0
	config := batchConfig(batch, &failsAt)
	config.Models = []any{&filedPerson{}, &filedBill{}, &filedLine{}, &filedFax{}}
	return config
}

// filedWord adds a person who left twice and came again, with rows in every table and archive.
func filedWord(t *testing.T, db *gorm.DB, login, word string) {
	t.Helper()
	db = db.WithContext(softdelete.WithReason(softdelete.WithActor(t.Context(), "actor "+word), "for "+word))
	for range 3 {
		p := filedPerson{
			Login: login, Name: word + " name", Profile: fmt.Sprintf(`{"name":"%s","n":1}`, word), Nick: word, Plan: "gold",
			Bills: []filedBill{{Holder: word, Lines: []filedLine{{Text: word}, {Text: word}}}, {Holder: word + " gone"}},
			Faxes: []filedFax{{Text: word}, {Text: word + " gone"}},
		}
		require.NoError(t, db.Create(&p).Error)
		require.NoError(t, db.Delete(&p.Bills[1]).Error)
		require.NoError(t, db.Delete(&p.Faxes[1]).Error)
		require.NoError(t, db.Delete(&p.Faxes[0]).Error)
		require.NoError(t, db.Delete(&filedPerson{Login: login}).Error)
	}
}

func filedDump(t *testing.T, db *gorm.DB) string {
	t.Helper()
	var text strings.Builder
	for _, table := range []string{"filed_people", "filed_bills", "filed_lines", "filed_faxes"} {
		for _, name := range []string{table, table + "_archive"} {
			var rows []map[string]any
			require.NoError(t, db.Table(name).Order("1, 2").Find(&rows).Error)
			for _, row := range rows {
				fmt.Fprintln(&text, name, row)
			}
		}
	}
	var events []struct{ RowKey, Type, Text, Actor, Reason string }
	require.NoError(t, db.Table("filed_bills_events").Select("row_key, type, "+fixture.Text(db, "data")+" AS text, actor, reason").Order("id").Find(&events).Error)
	for _, event := range events {
		fmt.Fprintln(&text, event)
	}
	return text.String()
}

func TestAnErasureReachesArchives(t *testing.T) {
	for name, batch := range map[string]int{"in one transaction": 0, "in batches": 3} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Open(t, database, filedConfig(batch))
				filedWord(t, db, "x", "other")
				others := strings.Split(filedDump(t, db), "\n")
				filedWord(t, db, "y", "canary")
				plan, err := softdelete.PreviewErasure(db, &filedPerson{Login: "y"})
				require.NoError(t, err)
				certificate, err := softdelete.Erase(db, &filedPerson{Login: "y"}, softdelete.ErasureRequest{ID: "r"})
				require.NoError(t, err)
				for _, line := range strings.Split(filedDump(t, db), "\n") {
					require.NotContains(t, line, "canary")
				}
				require.Subset(t, strings.Split(filedDump(t, db), "\n"), others)
				require.Equal(t, map[string][2]int64{
					"filed_people_archive": {3, 0}, "filed_bills_archive": {6, 0}, "filed_lines_archive": {6, 0}, "filed_faxes_archive": {0, 6},
					"filed_bills_events": {12, 0},
				}, erasedCounts(certificate.Tables))
				require.ElementsMatch(t, plan.Tables, certificate.Tables)

				_, err = softdelete.Restore(db, &filedPerson{Login: "y"})
				require.ErrorIs(t, err, softdelete.ErrErased)
				again, err := softdelete.Erase(db, &filedPerson{Login: "y"}, softdelete.ErasureRequest{})
				require.NoError(t, err)
				require.Empty(t, again.Tables)
				_, err = softdelete.Restore(db, &filedPerson{Login: "x"})
				require.NoError(t, err)
			})
		})
	}
}

func TestAnErasureOfALiveSubjectWithAnArchive(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, filedConfig(0))
		filedWord(t, db, "y", "canary")
		live := filedPerson{
			Login: "y", Name: "canary name", Profile: `{"name":"canary"}`, Plan: "gold",
			Bills: []filedBill{{Holder: "canary", Lines: []filedLine{{Text: "canary"}}}},
		}
		require.NoError(t, db.Create(&live).Error)
		_, err := softdelete.Erase(db, &live, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.NotContains(t, filedDump(t, db), "canary")
		require.ErrorIs(t, db.First(&filedPerson{}, "login = ?", "y").Error, gorm.ErrRecordNotFound, "it is archived, by its own rules")
		_, err = softdelete.Restore(db, &filedPerson{Login: "y"})
		require.ErrorIs(t, err, softdelete.ErrErased)
		again, err := softdelete.Erase(db, &filedPerson{Login: "y"}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, again.Tables)

		next := filedPerson{Login: "y", Name: "somebody", Profile: "{}"}
		require.NoError(t, db.Create(&next).Error, "the key may be used again")
		_, err = softdelete.Restore(db, &filedBill{ID: live.Bills[0].ID})
		require.ErrorIs(t, err, softdelete.ErrErased, "a row that went with it")
		require.NoError(t, db.Model(&next).Update("name", "somebody else").Error)
		require.NoError(t, db.Delete(&next).Error)
		_, err = softdelete.Restore(db, &filedPerson{Login: "y"})
		require.NoError(t, err)
	})
}

func TestAColumnThatAnArchiveHasKeptIsErased(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, filedConfig(0))
		filedWord(t, db, "y", "canary")
		require.NoError(t, db.Exec("ALTER TABLE filed_people_archive ADD COLUMN former text").Error)
		require.NoError(t, db.Exec("UPDATE filed_people_archive SET former = 'a former one'").Error)
		_, err := softdelete.Erase(db, &filedPerson{Login: "y"}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.NotContains(t, filedDump(t, db), "a former one")
	})
}

func TestAnErasedRowMayBeWrittenToAndThenAskedForAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: loggedModels()})
		p := loggedWord(t, db, "canary")
		_, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		by := db.WithContext(softdelete.WithActor(t.Context(), "a clerk"))
		require.NoError(t, by.Unscoped().Model(&loggedPerson{ID: p.ID}).Update("plan", "none").Error)
		require.NoError(t, by.Delete(&p.Notes[1]).Error)
		require.NoError(t, db.Create(&loggedNote{PersonID: p.ID, Text: "canary again"}).Error)
		again, err := softdelete.Erase(db, &loggedPerson{ID: p.ID}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Len(t, again.Tables, 2)
		require.Equal(t, "logged_notes", again.Tables[0].Table)
		require.NotContains(t, loggedTables(t, db), "canary")
	})
}
