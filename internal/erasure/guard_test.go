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

func TestWhatIsErasedStaysErased(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, gdprConfig())
		user := gdprPerson(t, db, "canary")
		payment := user.Payments[0]
		stale, team := *user, gdprTeam{Name: "team"}
		require.NoError(t, db.Create(&team).Error)
		_, err := softdelete.Erase(db, user, softdelete.ErasureRequest{})
		require.NoError(t, err)
		before := fixture.Dump(t, db, gdprModels()...)
		key := &gdprUser{ID: user.ID}

		for name, write := range map[string]func() error{
			"Save":                     func() error { return db.Save(&stale).Error },
			"Save through Unscoped":    func() error { return db.Unscoped().Save(&stale).Error },
			"Save of several":          func() error { return db.Save(&[]gdprUser{stale}).Error },
			"Updates with a struct":    func() error { return db.Model(key).Updates(gdprUser{Name: "canary"}).Error },
			"Updates with a map":       func() error { return db.Model(key).Updates(map[string]any{"email": "canary@mail.test"}).Error },
			"Update of a field's name": func() error { return db.Model(key).Update("Phone", "canary").Error },
			"UpdateColumn":             func() error { return db.Unscoped().Model(key).UpdateColumn("name", "canary").Error },
			"an expression":            func() error { return db.Model(key).Update("name", gorm.Expr("'can' || 'ary'")).Error },
			"a condition, unscoped": func() error {
				return db.Unscoped().Model(&gdprUser{}).Where("plan = ?", "gold").Update("name", "canary").Error
			},
			"a condition on live rows": func() error { return db.Model(&gdprPayment{}).Where("amount = ?", 7).Update("holder", "canary").Error },
			"Updates with another struct": func() error {
				return db.Model(key).Updates(struct {
					Other string `gorm:"column:name"`
				}{"canary"}).Error
			},
			"Set with the generics API": func() error {
				_, err := gorm.G[gdprPayment](db).Where("amount = ?", 7).
					Set(clause.Assignment{Column: clause.Column{Name: "holder"}, Value: "canary"}).Update(t.Context())
				return err
			},
			"an upsert on the key": func() error {
				return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&gdprPayment{ID: payment.ID, UserID: user.ID, Holder: "canary"}).Error
			},
			"an upsert on a unique column": func() error {
				return db.Clauses(clause.OnConflict{
					Columns: []clause.Column{{Name: "login"}}, DoUpdates: clause.AssignmentColumns([]string{"name"}),
				}).Create(&gdprUser{Login: gdprLoginOf(t, db, user.ID), Email: "x@mail.test", Name: "canary"}).Error
			},
			"a stale association": func() error {
				return db.Session(&gorm.Session{FullSaveAssociations: true}).Save(&gdprTeam{ID: team.ID, Users: []gdprUser{stale}}).Error
			},
			"Restore":         func() error { _, err := softdelete.Restore(db, key); return err },
			"PreviewRestore":  func() error { _, err := softdelete.PreviewRestore(db, key); return err },
			"RestoreDeletion": func() error { _, err := softdelete.RestoreDeletion(db, gdprDeletionOf(t, db, user.ID)); return err },
			"another key":     func() error { return db.Model(&gdprPayment{ID: payment.ID}).Update("id", 4711).Error },
		} {
			t.Run(name, func(t *testing.T) {
				require.ErrorIs(t, write(), softdelete.ErrErased)
				require.Equal(t, before, fixture.Dump(t, db, gdprModels()...))
			})
		}
		t.Run("business columns can be updated", func(t *testing.T) {
			require.NoError(t, db.Model(&gdprPayment{ID: payment.ID}).Update("amount", 8).Error)
			require.NoError(t, db.Unscoped().Model(key).Update("plan", "none").Error)
			var fresh gdprPayment
			require.NoError(t, db.First(&fresh, payment.ID).Error)
			fresh.Amount = 9
			require.NoError(t, db.Save(&fresh).Error, "a row that was read after its erasure has nothing to bring back")
			require.NoError(t, db.Save(&[]gdprPayment{fresh}).Error)
			require.NoError(t, db.First(&fresh, payment.ID).Error)
			require.Equal(t, 9, fresh.Amount)
		})
		t.Run("others can be updated", func(t *testing.T) {
			other := gdprPerson(t, db, "bystander")
			require.NoError(t, db.Model(&gdprUser{}).Where("plan IN ?", []string{"none", "gold"}).Update("name", "x").Error, "the erased row is deleted")
			other.Name = "y"
			require.NoError(t, db.Omit(clause.Associations).Save(other).Error)
			require.NoError(t, db.Delete(&gdprUser{ID: 4711}).Error)
		})
		t.Run("a new row with the key of an erased one that is gone is a new row", func(t *testing.T) {
			require.NoError(t, db.Exec("DELETE FROM gdpr_user_tags").Error)
			for _, model := range []any{&gdprPayment{}, &gdprNote{}, &gdprLogin{}, &gdprSession{}, &gdprComment{}, &gdprPost{}, &gdprUser{}} {
				require.NoError(t, db.Unscoped().Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(model).Error)
			}
			reborn := gdprUser{ID: user.ID, Name: "new", Email: "new@mail.test", Login: "new"}
			require.NoError(t, db.Create(&reborn).Error)
			require.NoError(t, db.Model(&reborn).Update("name", "newer").Error)
		})
	})
}

func gdprLoginOf(t *testing.T, db *gorm.DB, id uint) string {
	t.Helper()
	var row gdprUser
	require.NoError(t, db.Unscoped().First(&row, id).Error)
	return row.Login
}

func gdprDeletionOf(t *testing.T, db *gorm.DB, id uint) softdelete.DeletionID {
	t.Helper()
	var row gdprUser
	require.NoError(t, db.Unscoped().First(&row, id).Error)
	return row.Deletion
}

type (
	zonedPerson struct {
		ID        uint
		Name      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Visits    []zonedVisit `gorm:"foreignKey:PersonID"`
		Trips     []zonedTrip  `gorm:"foreignKey:PersonID"`
		Scans     []zonedScan  `gorm:"foreignKey:PersonID"`
	}
	zonedVisit struct {
		PersonID uint      `gorm:"primaryKey;autoIncrement:false"`
		At       time.Time `gorm:"primaryKey;precision:6"`
		Note     *string   `pii:"null"`
	}
	zonedTrip struct {
		_        struct{}  `pii:"delete"`
		PersonID uint      `gorm:"primaryKey;autoIncrement:false"`
		At       time.Time `gorm:"primaryKey;precision:6"`
		Note     string
	}
	zonedScan struct {
		_        struct{} `pii:"delete"`
		Sum      []byte   `gorm:"primaryKey;size:16"`
		PersonID uint
		Note     string
	}
)

func TestErasedRowsAreKnownByKeysOfTimesAndBytesInSessionsOfAnyZone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, database.Open(t))
		zone := func(name string) {
			if database.Name == "postgres" {
				require.NoError(t, db.Exec("SET TIME ZONE '"+name+"'").Error)
			}
		}
		models := []any{&zonedPerson{}, &zonedVisit{}, &zonedTrip{}, &zonedScan{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		name, at := "canary", time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.FixedZone("", 7200))
		person := zonedPerson{
			ID: 1, Name: &name, Visits: []zonedVisit{{At: at, Note: &name}}, Trips: []zonedTrip{{At: at, Note: name}},
			Scans: []zonedScan{{Sum: []byte("abc"), Note: name}, {Sum: []byte{0, 255, '\\'}, Note: name}},
		}
		require.NoError(t, db.Create(&person).Error)
		zone("Asia/Tokyo")
		_, err := softdelete.Erase(db, &zonedPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		zone("America/New_York")
		require.ErrorIs(t, db.Model(&zonedVisit{PersonID: 1, At: at}).Update("note", "x").Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&person.Visits[0]).Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&person.Trips[0]).Error, softdelete.ErrErased)
		for _, scan := range person.Scans {
			require.ErrorIs(t, db.Save(&scan).Error, softdelete.ErrErased)
		}
		require.NoError(t, db.Save(&zonedTrip{PersonID: 1, At: at.Add(time.Second)}).Error, "another row")
		require.NoError(t, db.Save(&zonedScan{Sum: []byte("abd"), PersonID: 1}).Error)
		certificate, err := softdelete.Erase(db, &zonedPerson{ID: 1}, softdelete.ErasureRequest{ID: "again"})
		require.NoError(t, err)
		for _, table := range certificate.Tables {
			require.Zero(t, table.Masked, table.Table)
		}
	})
}

type roughPerson struct {
	ID        uint
	CreatedAt time.Time `gorm:"precision:3"`
	SeenAt    time.Time `gorm:"precision:3" pii:"zero"`
	Name      *string   `pii:"null"`
	DeletedAt gorm.DeletedAt
}

// The row in the program has more digits of its time of creation than its column keeps.
func TestAnErasedRowIsNotFilledAgainByARowWithMoreDigits(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&roughPerson{}}})
		name, at := "canary", time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.UTC)
		for id, remove := range map[uint]bool{1: false, 2: true} {
			person := roughPerson{ID: id, CreatedAt: at, SeenAt: at, Name: &name}
			require.NoError(t, db.Create(&person).Error)
			_, err := softdelete.Erase(db, &roughPerson{ID: id}, softdelete.ErasureRequest{})
			require.NoError(t, err)
			if remove {
				require.NoError(t, db.Unscoped().Delete(&roughPerson{ID: id}).Error)
			}
			require.ErrorIs(t, db.Save(&person).Error, softdelete.ErrErased)
			require.ErrorIs(t, db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&person).Error, softdelete.ErrErased)
			later := roughPerson{ID: id, CreatedAt: at.Add(2 * time.Millisecond), Name: &name}
			if remove {
				require.NoError(t, db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&later).Error, "another row of its key")
			}
		}
	})
}
