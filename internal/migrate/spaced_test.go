package migrate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// Tables whose names GORM quotes, and takes for an expression behind db.Table.
type (
	spacedOwner struct {
		_         struct{} `softdelete:"events;retain:1d"`
		ID        uint
		Email     string `gorm:"uniqueIndex" pii:"template:gone-{id}@example.invalid"`
		Code      string `gorm:"unique" softdelete:"full"`
		Nick      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
		Notes     []spacedNote `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
		Flags     []spacedFlag `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
	}
	spacedNote struct {
		_       struct{} `softdelete:"archive;events;retain:1d"`
		ID      uint
		OwnerID uint
		Title   string `gorm:"uniqueIndex" pii:"template:gone-{id}"`
	}
	spacedFlag struct {
		_          struct{} `softdelete:"events"`
		ID         uint
		OwnerID    uint
		Owner      *spacedOwner `softdelete:"guard;lazy"`
		Name       string       `gorm:"uniqueIndex"`
		Gone       bool         `softdelete:"flag"`
		DeletionID softdelete.DeletionID
	}
)

func (spacedOwner) TableName() string { return "my owners" }
func (spacedNote) TableName() string  { return "my notes" }
func (spacedFlag) TableName() string  { return "my flags" }

func TestTablesWithASpaceInTheirName(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
		db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return now }})
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		models := []any{&spacedOwner{}, &spacedNote{}, &spacedFlag{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true, Holds: true, ColdStore: store})))
		statements, err := softdelete.DDL(db, append(softdelete.Tables(), models...)...)
		require.NoError(t, err)
		require.NotEmpty(t, statements)
		for range 2 {
			require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		}
		statements, err = softdelete.DDL(db, append(softdelete.Tables(), models...)...)
		require.NoError(t, err)
		require.Empty(t, statements)

		owner := func(id uint) *spacedOwner {
			name := string(rune('a' + id))
			return &spacedOwner{
				ID: id, Email: name + "nn@example.com", Code: name, Nick: name,
				Notes: []spacedNote{{ID: id, Title: name + " title"}}, Flags: []spacedFlag{{ID: id, Name: name}},
			}
		}
		require.NoError(t, db.Create([]*spacedOwner{owner(1), owner(2), owner(3)}).Error)
		live := func(model any) (n int64) {
			t.Helper()
			require.NoError(t, db.Model(model).Count(&n).Error)
			return n
		}

		report, err := softdelete.Delete(db, &spacedOwner{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, []int64{2, 2, 2}, []int64{live(&spacedOwner{}), live(&spacedNote{}), live(&spacedFlag{})})
		again := owner(4)
		again.Email = owner(1).Email
		require.NoError(t, db.Create(again).Error, "unique among live rows")
		_, err = softdelete.Restore(db, &spacedOwner{ID: 1})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"4"}, conflict.LiveKeys)
		require.NoError(t, db.Unscoped().Delete(&spacedOwner{ID: 4}).Error)
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		require.EqualValues(t, []int64{3, 3, 3}, []int64{live(&spacedOwner{}), live(&spacedNote{}), live(&spacedFlag{})})

		id, err := softdelete.Hold(db, &spacedOwner{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.ErrorIs(t, db.Unscoped().Delete(&spacedOwner{ID: 1}).Error, softdelete.ErrHeld)
		_, err = softdelete.Erase(db, &spacedOwner{ID: 1}, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.NoError(t, softdelete.Release(db, id))
		_, err = softdelete.Erase(db, &spacedOwner{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.ErrorIs(t, db.Unscoped().Model(&spacedOwner{ID: 1}).Update("Email", "a@x").Error, softdelete.ErrErased)
		require.NoError(t, softdelete.VerifyCertificates(db))

		events, err := softdelete.History(db, &spacedOwner{ID: 1})
		require.NoError(t, err)
		require.NotEmpty(t, events)
		var was spacedNote
		was.ID = 2
		require.NoError(t, softdelete.AsOf(db, &was, now))
		_, err = softdelete.Rebuild(db, &spacedNote{})
		require.NoError(t, err)

		require.NoError(t, db.Delete(&spacedOwner{ID: 2}).Error)
		require.NoError(t, db.WithContext(t.Context()).Delete(&spacedNote{ID: 3}).Error)
		now = now.AddDate(0, 0, 3)
		purged, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, purged.Models)
		require.EqualValues(t, []int64{1, 0, 1}, []int64{live(&spacedOwner{}), live(&spacedNote{}), live(&spacedFlag{})})
		var archived int64
		require.NoError(t, db.Model(&spacedNote{}).Unscoped().Count(&archived).Error)
		require.Zero(t, archived)
		require.NoError(t, db.Save(owner(3)).Error)
	})
}

// Rows of each strategy, with what was there before the plugin.
type (
	spacedFormer struct {
		ID    uint
		Email string `gorm:"uniqueIndex:idx_spaced_email"`
		Code  string `gorm:"unique"`
		Gone  gorm.DeletedAt
	}
	spacedTime struct {
		ID    uint
		Email string         `gorm:"uniqueIndex:idx_spaced_email"`
		Code  string         `gorm:"unique"`
		Gone  gorm.DeletedAt `softdelete:"retain:1d"`
		Tags  []spacedTag    `gorm:"many2many:my links" softdelete:"cascade"`
	}
	spacedTag struct {
		ID uint
	}
	spacedLink struct {
		SpacedTimeID uint `gorm:"primaryKey"`
		SpacedTagID  uint `gorm:"primaryKey"`
		DeletedAt    gorm.DeletedAt
	}
	spacedStatus struct {
		ID     uint
		Email  string `gorm:"uniqueIndex"`
		Status string `softdelete:"status"`
	}
	spacedHard struct {
		_     struct{} `softdelete:"hard"`
		ID    uint
		Email string `gorm:"uniqueIndex"`
	}
	spacedNever struct {
		_     struct{} `softdelete:"never"`
		ID    uint
		Email string `gorm:"uniqueIndex"`
	}
)

func (spacedFormer) TableName() string { return "the times" }
func (spacedTime) TableName() string   { return "the times" }
func (spacedTag) TableName() string    { return "my tags" }
func (spacedLink) TableName() string   { return "my links" }
func (spacedStatus) TableName() string { return "my states" }
func (spacedHard) TableName() string   { return "my hard ones" }
func (spacedNever) TableName() string  { return "my eternal ones" }

func TestTablesWithASpaceInTheirNameOfEachStrategy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&spacedFormer{}))
		require.NoError(t, former.Create(&spacedFormer{ID: 1, Email: "a", Code: "a"}).Error)
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&spacedTime{}, "Tags", &spacedLink{}))
		models := []any{&spacedTime{}, &spacedTag{}, &spacedLink{}, &spacedStatus{}, &spacedHard{}, &spacedNever{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		for range 2 {
			require.NoError(t, db.AutoMigrate(models...))
		}
		statements, err := softdelete.DDL(db, models...)
		require.NoError(t, err)
		require.Empty(t, statements)

		require.NoError(t, db.Model(&spacedTime{ID: 1}).Association("Tags").Append(&spacedTag{ID: 1}))
		for _, model := range []any{&spacedTime{ID: 1}, &spacedStatus{ID: 1}} {
			require.NoError(t, db.FirstOrCreate(model).Error)
			require.NoError(t, db.Delete(model).Error)
			require.ErrorIs(t, db.First(model).Error, gorm.ErrRecordNotFound)
			_, err := softdelete.Restore(db, model)
			require.NoError(t, err)
			require.NoError(t, db.Delete(model).Error)
		}
		require.NoError(t, db.Create(&spacedTime{ID: 2, Email: "a", Code: "a"}).Error)
		require.NoError(t, db.Create(&spacedStatus{ID: 2, Status: "active"}).Error)
		require.Error(t, db.Create(&spacedTime{ID: 3, Email: "a", Code: "b"}).Error)
		_, err = softdelete.Restore(db, &spacedTime{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.NoError(t, db.Create(&spacedHard{ID: 1}).Error)
		require.NoError(t, db.Delete(&spacedHard{ID: 1}).Error)
		require.NoError(t, db.Create(&spacedNever{ID: 1}).Error)
		require.ErrorIs(t, db.Delete(&spacedNever{ID: 1}).Error, softdelete.ErrNeverDelete)
	})
}
