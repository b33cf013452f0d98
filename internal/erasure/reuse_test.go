package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	reusePerson struct {
		ID       uint
		Name     string `pii:"zero"`
		Sessions []reuseSession
		Devices  []reuseDevice
		Visits   []reuseVisit
	}
	// A session's key comes from outside and may come again.
	reuseSession struct {
		_             struct{} `pii:"delete"`
		Token         string   `gorm:"primaryKey;size:40"`
		ReusePersonID uint
	}
	// A device is sold, and its next owner registers it under the same number.
	reuseDevice struct {
		Maker         string `gorm:"primaryKey;size:40"`
		Serial        int    `gorm:"primaryKey;autoIncrement:false"`
		ReusePersonID uint
		Label         string     `pii:"fixed:-"`
		Bought        *time.Time `pii:"truncate:year"`
		Price         int
	}
	// A visit is told from a later one with its key by its time.
	reuseVisit struct {
		_             struct{} `pii:"delete"`
		ID            uint
		CreatedAt     time.Time
		ReusePersonID uint
		Page          string
	}
)

func reuseOpen(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&reusePerson{}, &reuseSession{}, &reuseDevice{}, &reuseVisit{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models})
	return db
}

func reuseOwner(t *testing.T, db *gorm.DB, name string) *reusePerson {
	t.Helper()
	bought := time.Date(2020, 5, 17, 0, 0, 0, 0, time.UTC)
	person := &reusePerson{
		Name: name, Sessions: []reuseSession{{Token: "t1"}}, Visits: []reuseVisit{{Page: "/" + name}},
		Devices: []reuseDevice{{Maker: `a,b\`, Serial: 1, Label: name + "'s", Bought: &bought, Price: 7}},
	}
	require.NoError(t, db.Create(person).Error)
	return person
}

func reuseErase(t *testing.T, db *gorm.DB, person *reusePerson) map[string]softdelete.ErasedTable {
	t.Helper()
	certificate, err := softdelete.Erase(db, &reusePerson{ID: person.ID}, softdelete.ErasureRequest{})
	require.NoError(t, err)
	require.True(t, certificate.Verified)
	tables := map[string]softdelete.ErasedTable{}
	for _, table := range certificate.Tables {
		tables[table.Table] = table
	}
	return tables
}

func TestErasureReachesARowThatReusesTheKeyOfAnErasedOne(t *testing.T) {
	remove := map[string]string{"through GORM": "", "by a statement of its own": "DELETE FROM reuse_devices"}
	insert := map[string]func(*testing.T, *gorm.DB) *reusePerson{
		"through GORM": func(t *testing.T, db *gorm.DB) *reusePerson { return reuseOwner(t, db, "Joe") },
		"by a statement of its own": func(t *testing.T, db *gorm.DB) *reusePerson {
			joe := &reusePerson{Name: "Joe"}
			require.NoError(t, db.Create(joe).Error)
			require.NoError(t, db.Exec("INSERT INTO reuse_sessions (token, reuse_person_id) VALUES ('t1', ?)", joe.ID).Error)
			require.NoError(t, db.Exec("INSERT INTO reuse_visits (page, reuse_person_id) VALUES ('x', ?)", joe.ID).Error)
			require.NoError(t, db.Exec("INSERT INTO reuse_devices (maker, serial, label, reuse_person_id) VALUES (?, 1, 'Joe''s', ?)", `a,b\`, joe.ID).Error)
			return joe
		},
	}
	for removed, statement := range remove {
		for inserted, create := range insert {
			t.Run("removed "+removed+", inserted "+inserted, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, database *testdb.Database) {
					db := reuseOpen(t, database)
					jane := reuseOwner(t, db, "Jane")
					tables := reuseErase(t, db, jane)
					require.EqualValues(t, 1, tables["reuse_devices"].Masked)
					require.EqualValues(t, 1, tables["reuse_sessions"].Deleted)
					require.EqualValues(t, 1, tables["reuse_visits"].Deleted)
					require.Empty(t, reuseErase(t, db, jane), "a subject that is erased already has nothing left")
					if statement == "" {
						require.NoError(t, db.Delete(&jane.Devices[0]).Error)
					} else {
						require.NoError(t, db.Exec(statement).Error)
					}

					joe := create(t, db)
					tables = reuseErase(t, db, joe)
					require.EqualValues(t, 1, tables["reuse_devices"].Masked)
					require.EqualValues(t, 1, tables["reuse_sessions"].Deleted)
					require.EqualValues(t, 1, tables["reuse_visits"].Deleted)
					var device reuseDevice
					require.NoError(t, db.First(&device).Error)
					require.Equal(t, "-", device.Label)
					for _, model := range []any{&reuseSession{}, &reuseVisit{}} {
						var left int64
						require.NoError(t, db.Model(model).Count(&left).Error)
						require.Zero(t, left)
					}
					require.Empty(t, reuseErase(t, db, joe))
				})
			})
		}
	}
}

func TestErasureReachesWhatAStatementWroteToAnErasedRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := reuseOpen(t, database)
		jane := reuseOwner(t, db, "Jane")
		reuseErase(t, db, jane)
		require.NoError(t, db.Exec("UPDATE reuse_devices SET price = 8").Error)
		require.Empty(t, reuseErase(t, db, jane), "a price is not personal")
		require.NoError(t, db.Exec("UPDATE reuse_devices SET label = 'Jane''s'").Error)
		require.EqualValues(t, 1, reuseErase(t, db, jane)["reuse_devices"].Masked)
		require.Empty(t, reuseErase(t, db, jane))
	})
}

func TestANewRowWithTheKeyOfAnErasedOneCanBeWritten(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := reuseOpen(t, database)
		jane := reuseOwner(t, db, "Jane")
		reuseErase(t, db, jane)
		require.NoError(t, db.Delete(&jane.Devices[0]).Error)
		joe := reuseOwner(t, db, "Joe")
		device := joe.Devices[0]
		require.NoError(t, db.Model(&device).Update("label", "new").Error)
		device.Label = "newer"
		require.NoError(t, db.Save(&device).Error)
		require.NoError(t, db.Save(&joe.Sessions[0]).Error)
		joe.Visits[0].Page = "/new"
		require.NoError(t, db.Save(&joe.Visits[0]).Error)
		require.NoError(t, db.Save(&reuseVisit{ID: jane.Visits[0].ID, ReusePersonID: joe.ID, CreatedAt: time.Now().Add(time.Hour)}).Error, "another visit")
		require.NoError(t, db.Save(&reuseSession{Token: "t2", ReusePersonID: joe.ID}).Error)
		require.NoError(t, db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&reuseVisit{ReusePersonID: joe.ID}).Error)
	})
}

func TestAnErasedRowThatIsGoneDoesNotComeBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := reuseOpen(t, database)
		jane, other := reuseOwner(t, db, "Jane"), reusePerson{Name: "another"}
		require.NoError(t, db.Create(&other).Error)
		var visit reuseVisit
		require.NoError(t, db.First(&visit, jane.Visits[0].ID).Error)
		reuseErase(t, db, jane)
		require.NoError(t, db.Delete(&jane.Devices[0]).Error)
		session, device := jane.Sessions[0], jane.Devices[0]
		dump := func() string {
			return fixture.Dump(t, db, &reusePerson{}, &reuseSession{}, &reuseDevice{}, &reuseVisit{})
		}
		before := dump()
		upsert := func() *gorm.DB { return db.Clauses(clause.OnConflict{UpdateAll: true}) }
		for name, write := range map[string]func() error{
			"Save of a removed row":            func() error { return db.Save(&session).Error },
			"Save of a removed row with time":  func() error { return db.Save(&visit).Error },
			"Save as it was created":           func() error { return db.Save(&jane.Visits[0]).Error },
			"Save of a masked row":             func() error { return db.Save(&device).Error },
			"Save of several":                  func() error { return db.Save(&[]reuseDevice{{Maker: "other", Serial: 2}, device}).Error },
			"an upsert":                        func() error { return upsert().Create(&device).Error },
			"an upsert of maps":                func() error { return upsert().Model(&reuseSession{}).Create(map[string]any{"token": "t1"}).Error },
			"an insert that skips conflicts":   func() error { return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&session).Error },
			"Create with the time of creation": func() error { return db.Create(&visit).Error },
			"an association":                   func() error { return db.Model(&other).Association("Devices").Append(&device) },
			"Save of a parent":                 func() error { return db.Save(&reusePerson{ID: other.ID, Name: "x", Visits: []reuseVisit{visit}}).Error },
		} {
			t.Run(name, func(t *testing.T) {
				require.ErrorIs(t, write(), softdelete.ErrErased)
				require.Equal(t, before, dump())
			})
		}
		t.Run("after a Create that did not come about", func(t *testing.T) {
			require.Error(t, db.Create(&[]reuseDevice{device, {Maker: "c", Serial: 3}, {Maker: "c", Serial: 3}}).Error)
			require.ErrorIs(t, db.Save(&device).Error, softdelete.ErrErased)
			require.Equal(t, before, dump())
		})
	})
}
