package purge_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	retTextKey struct {
		Org       string         `gorm:"primaryKey;size:30"`
		Code      string         `gorm:"primaryKey;size:30"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retTimeKey struct {
		Device    string         `gorm:"primaryKey;size:30"`
		At        time.Time      `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retBytesKey struct {
		ID        []byte         `gorm:"primaryKey;size:16"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retFloatKey struct {
		ID        float64        `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retEmbedded struct {
		_ struct{} `softdelete:"retain:1d"`
		gorm.Model
	}
	retLinkedPost struct {
		ID        uint
		Notes     []retLinkedNote `gorm:"polymorphic:Owner" softdelete:"cascade"`
		Tags      []retLinkedTag  `gorm:"many2many:ret_linked" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt  `softdelete:"retain:1d"`
	}
	retLinkedNote struct {
		ID        uint
		OwnerID   uint
		OwnerType string
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retLinkedTag struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	retLinked struct {
		RetLinkedPostID uint           `gorm:"primaryKey"`
		RetLinkedTagID  uint           `gorm:"primaryKey"`
		DeletedAt       gorm.DeletedAt `softdelete:"retain:1d"`
	}
)

func (retLinked) TableName() string { return "ret_linked" }

// A batch goes on behind the last key: each type of key must come back from the database as one that can be compared.
func TestPurgeGoesByKeysOfEveryType(t *testing.T) {
	const rows = 10
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := fixture.Now
		models := []any{&retTextKey{}, &retTimeKey{}, &retBytesKey{}, &retFloatKey{}}
		db := fixture.Models(t, database, models, &gorm.Config{NowFunc: func() time.Time { return now }, PrepareStmt: true, SkipDefaultTransaction: true})
		for _, referred := range []bool{false, true} {
			if referred { // then rows go with all that refer to them
				require.NoError(t, db.Exec("CREATE TABLE refers (org varchar(30), code varchar(30), FOREIGN KEY (org, code) REFERENCES ret_text_keys (org, code))").Error)
			}
			for _, batch := range []int{1, 3, 1000} {
				t.Run(fmt.Sprintf("in batches of %d, referred to %v", batch, referred), func(t *testing.T) {
					for i := range rows {
						zone := time.FixedZone("", (i%5-2)*3600) // SQLite keeps the zone in the key
						require.NoError(t, db.Create(&retTextKey{Org: "o,1' --", Code: fmt.Sprint("c%_", i)}).Error)
						require.NoError(t, db.Create(&retTimeKey{Device: "d", At: fixture.Now.Add(time.Duration(i)*time.Hour + 123456*time.Microsecond).In(zone)}).Error)
						require.NoError(t, db.Create(&retBytesKey{ID: []byte{0, 255, byte(i * 25), ','}}).Error)
						require.NoError(t, db.Create(&retFloatKey{ID: float64(i) / 3}).Error)
					}
					for _, model := range models {
						require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(model).Error)
					}
					now = now.Add(25 * time.Hour)
					report, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: batch})
					require.NoError(t, err)
					require.Len(t, report.Models, len(models))
					for _, m := range report.Models {
						require.EqualValues(t, rows, m.Done, m.Model)
					}
				})
			}
		}
	})
}

// What a foreign key would do to rows of a table outside of the models is never done.
func TestPurgeLeavesForeignKeysOfOtherTablesAlone(t *testing.T) {
	rules := []string{
		"", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED",
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for i, rule := range rules {
			if database.Name == "mysql" && (strings.HasSuffix(rule, "DEFAULT") || strings.HasPrefix(rule, "DEFERRABLE")) {
				continue // which InnoDB does not have
			}
			t.Run("REFERENCES … "+rule, func(t *testing.T) {
				now := fixture.Now
				db := fixture.Use(t, database, fixture.Notes(), &gorm.Config{NowFunc: func() time.Time { return now }})
				require.NoError(t, db.AutoMigrate(&fixture.Note{}))
				table := fmt.Sprintf("Odd Name %d", i)
				quoted, key := db.Statement.Quote(table), db.Statement.Quote("The Key")
				require.NoError(t, db.Exec(fmt.Sprintf(`CREATE TABLE %s (id integer PRIMARY KEY, %s %s, FOREIGN KEY (%s) REFERENCES notes (id) %s)`,
					quoted, key, fixture.KeyType(db), key, rule)).Error)
				require.NoError(t, db.Create(&[]fixture.Note{{ID: 1}, {ID: 2}, {ID: 3}}).Error)
				require.NoError(t, db.Exec(fmt.Sprintf(`INSERT INTO %s VALUES (1, 1), (2, 1), (3, NULL)`, quoted)).Error)
				require.NoError(t, db.Delete(&fixture.Note{}, "id > 0").Error)
				now = now.AddDate(0, 2, 0)

				report, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1})
				require.NoError(t, err)
				require.EqualValues(t, 2, report.Models[0].Done)
				require.EqualValues(t, 1, report.Models[0].Referenced)
				require.Equal(t, map[string]int64{table: 2}, report.Models[0].ReferencedBy)
				var left int64
				require.NoError(t, db.Raw(fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s = 1`, quoted, key)).Scan(&left).Error)
				require.EqualValues(t, 2, left)

				require.NoError(t, db.Exec(fmt.Sprintf(`DELETE FROM %s`, quoted)).Error)
				report, err = softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1})
				require.NoError(t, err)
				require.EqualValues(t, 1, report.Models[0].Done)
			})
		}
	})
}

func TestPurgeOfATableInASchema(t *testing.T) {
	database := testdb.Postgres(t)
	now := fixture.Now
	space := "ret_" + strings.ToLower(rand.Text())
	db := database.Open(t, &gorm.Config{
		NowFunc: func() time.Time { return now }, NamingStrategy: schema.NamingStrategy{TablePrefix: space + "."},
	})
	require.NoError(t, db.Exec("CREATE SCHEMA "+space).Error)
	t.Cleanup(func() { require.NoError(t, db.Exec("DROP SCHEMA "+space+" CASCADE").Error) })
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&retEmbedded{}}, Holds: true})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &retEmbedded{})...))
	require.NoError(t, db.Exec("CREATE TABLE outside (parent bigint REFERENCES "+space+".ret_embeddeds (id) ON DELETE CASCADE)").Error)
	for range 4 {
		require.NoError(t, db.Create(&retEmbedded{}).Error)
	}
	require.NoError(t, db.Exec("INSERT INTO outside VALUES (1)").Error)
	held := &retEmbedded{Model: gorm.Model{ID: 2}}
	_, err := softdelete.Hold(db, held, softdelete.HoldOptions{})
	require.NoError(t, err)
	require.NoError(t, db.Delete(&retEmbedded{}, "id > 0").Error)
	now = now.Add(25 * time.Hour)

	report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	require.NoError(t, err)
	m := report.Models[0]
	require.Equal(t, []int64{4, 2, 1, 1}, []int64{m.Eligible, m.Done, m.Held, m.Referenced})
	require.Equal(t, map[string]int64{"outside": 1}, m.ReferencedBy)
	require.ErrorIs(t, db.Unscoped().Delete(held).Error, softdelete.ErrHeld)
}

func TestPurgeTakesLinksAndPolymorphicRowsWithTheirParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := fixture.Now
		db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return now }})
		models := []any{&retLinkedPost{}, &retLinkedNote{}, &retLinkedTag{}, &retLinked{}}
		require.NoError(t, db.SetupJoinTable(&retLinkedPost{}, "Tags", &retLinked{}))
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(models...))
		for _, batch := range []int{1, 3, 1000} {
			post := retLinkedPost{Notes: []retLinkedNote{{}, {}}, Tags: []retLinkedTag{{}, {}}}
			require.NoError(t, db.Create(&post).Error)
			require.NoError(t, db.Create(&retLinkedNote{OwnerID: post.ID, OwnerType: "another"}).Error)
			require.NoError(t, db.Delete(&post).Error)
			now = now.Add(25 * time.Hour)
			report, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: batch})
			require.NoError(t, err)
			done := map[string]int64{}
			for _, m := range report.Models {
				done[m.Model] = m.Done
			}
			require.Equal(t, map[string]int64{"retLinkedPost": 1, "retLinkedNote": 2, "retLinked": 2, "retLinkedTag": 0}, done)
		}
	})
}

type (
	retCommaBox struct {
		ID         uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		Slips      []retCommaSlip `gorm:"foreignKey:BoxID" softdelete:"cascade"`
	}
	retCommaSlip struct {
		Org        string `gorm:"primaryKey;size:30"`
		Code       string `gorm:"primaryKey;size:30"`
		BoxID      uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
	}
)

// Joined by a comma, the keys of the two slips are the same text.
func TestPurgeTellsRowsOfCompositeKeysWithCommasApart(t *testing.T) {
	const due, early = 40 * 24 * time.Hour, 24 * time.Hour
	for _, c := range []struct {
		fact          string
		first, second time.Duration // how long ago they were deleted
		slips, boxes  int64         // that go
	}{
		{"only the first one is due", due, early, 1, 0},
		{"only the second one is due", early, due, 1, 0},
		{"both are due", due, due, 2, 1},
	} {
		t.Run(c.fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retCommaBox{}, &retCommaSlip{}}})
				first, second := retCommaSlip{Org: "a,b", Code: "c"}, retCommaSlip{Org: "a", Code: "b,c"}
				s.Add(&retCommaBox{ID: 1, Slips: []retCommaSlip{first, second}})
				s.DeleteAgo(c.first, &first)
				s.DeleteAgo(c.second, &second)
				s.DeleteAgo(due, &retCommaBox{ID: 1})

				report := s.Purge(softdelete.PurgeOptions{})
				require.Equal(t, c.slips, fixture.ReportOf(t, report, "ret_comma_slips").Done)
				require.Equal(t, c.boxes, fixture.ReportOf(t, report, "ret_comma_boxes").Done)
				var left []retCommaSlip
				require.NoError(t, s.Unscoped().Find(&left).Error)
				require.Len(t, left, int(2-c.slips))
				for _, slip := range left {
					require.Equal(t, c.first == early, slip.Org == first.Org, "the one that is not due stays")
				}
			})
		})
	}
}
