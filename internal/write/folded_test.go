package write_test

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

// A write may name a row by other letters than it has, where the database takes the two keys for the same.

type (
	foldedUser struct {
		ID        string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		CreatedAt time.Time
		Email     string  `gorm:"type:varchar(40) COLLATE NOCASE;uniqueIndex" pii:"template:{random}"`
		Name      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Groups    []foldedGroup `gorm:"many2many:folded_members"`
		Notes     []foldedNote  `gorm:"foreignKey:UserID;constraint:-"`
	}
	foldedGroup struct {
		ID   string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Size int
	}
	foldedMember struct {
		FoldedUserID  string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		FoldedGroupID string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		DeletedAt     gorm.DeletedAt
	}
	foldedNote struct {
		ID     uint
		UserID string
		User   *foldedUser `gorm:"constraint:-" softdelete:"guard"`
		Text   string
	}
	// foldedGuest is removed by an erasure, and has no time of creation.
	foldedGuest struct {
		_    struct{} `pii:"delete"`
		ID   string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Name *string
	}
	foldedPlace struct {
		_    struct{} `pii:"delete"`
		Hall string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Row  string   `gorm:"primaryKey;size:10"`
		Name *string
	}
	foldedBox struct {
		_    struct{} `softdelete:"archive"`
		ID   string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Size int
	}
	// foldedPadded has keys that PostgreSQL fills up with blanks.
	foldedPadded struct {
		_    struct{} `softdelete:"archive"`
		ID   string   `gorm:"primaryKey;type:char(5)"`
		Size int
	}
)

func foldedEach(t *testing.T, run func(t *testing.T, db *gorm.DB)) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		models := []any{&foldedUser{}, &foldedGroup{}, &foldedMember{}, &foldedNote{}, &foldedGuest{}, &foldedPlace{}, &foldedBox{}, &foldedPadded{}}
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&foldedUser{}, "Groups", &foldedMember{}))
		fixture.FoldModels(t, db, models...)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		run(t, db)
	})
}

func erased(t *testing.T, db *gorm.DB, subject any, request string) {
	t.Helper()
	_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{ID: request})
	require.NoError(t, err)
}

func TestAnErasedRowIsNotFilledAgainByOtherLettersOfItsKey(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		back := "back"
		require.NoError(t, db.Create(&foldedUser{ID: "ann", Email: "a@x", Name: &back}).Error)
		require.NoError(t, db.Create(&foldedUser{ID: "bob", Email: "b@x", Name: &back}).Error)
		erased(t, db, &foldedUser{ID: "Ann"}, "r")
		every := db.Unscoped().Session(&gorm.Session{})
		stale := func() *foldedUser { return &foldedUser{ID: "ANN", Email: "c@x", Name: &back} }
		all := clause.OnConflict{UpdateAll: true}
		require.ErrorIs(t, every.Model(&foldedUser{ID: "ANN"}).Update("name", "x").Error, softdelete.ErrErased)
		require.ErrorIs(t, every.Save(stale()).Error, softdelete.ErrErased)
		require.ErrorIs(t, every.Clauses(all).Create(stale()).Error, softdelete.ErrErased)
		require.ErrorIs(t, every.Clauses(all).Create(&[]*foldedUser{{ID: "carl", Email: "d@x"}, stale()}).Error, softdelete.ErrErased)
		require.ErrorIs(t, every.Model(&foldedUser{}).Clauses(all).Create(map[string]any{"ID": "aNN", "Name": "x"}).Error, softdelete.ErrErased)
		var masked foldedUser
		require.NoError(t, every.First(&masked, "id = ?", "ANN").Error)
		byEmail := clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}
		upper := &foldedUser{ID: "new", Email: upperCase(masked.Email), Name: &back}
		require.ErrorIs(t, every.Session(&gorm.Session{}).Clauses(byEmail).Create(upper).Error, softdelete.ErrErased)
		require.NoError(t, every.Clauses(all).Create(&foldedUser{ID: "BOB", Email: "b@x", Name: &back}).Error, "whose row is not erased")

		require.NoError(t, every.Delete(&foldedUser{ID: "aNn"}).Error)
		require.ErrorIs(t, db.Save(stale()).Error, softdelete.ErrErased, "nor once it is gone")
		require.NoError(t, db.Create(stale()).Error, "a new row may have the key")
	})
}

func upperCase(text string) string {
	upper := []byte(text)
	for i, c := range upper {
		if c >= 'a' && c <= 'z' {
			upper[i] = c - 32
		}
	}
	return string(upper)
}

func TestARowThatAnErasureRemovedDoesNotComeBackByOtherLetters(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Create(&foldedGuest{ID: "ann"}).Error)
		require.NoError(t, db.Create(&foldedPlace{Hall: "a,b", Row: "x"}).Error)
		erased(t, db, &foldedGuest{ID: "ann"}, "guest")
		erased(t, db, &foldedPlace{Hall: "A,b", Row: "x"}, "place")
		require.ErrorIs(t, db.Save(&foldedGuest{ID: "ANN"}).Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&[]foldedGuest{{ID: "bob"}, {ID: "aNN"}}).Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&foldedPlace{Hall: "A,B", Row: "x"}).Error, softdelete.ErrErased)
		another := "X"
		if db.Name() == "mysql" { // where texts fold unless a column says otherwise
			another = "Y"
		}
		require.NoError(t, db.Save(&foldedPlace{Hall: "A,B", Row: another}).Error, "another key")
		require.NoError(t, db.Save(&foldedGuest{ID: "carl"}).Error)

		require.NoError(t, db.Create(&foldedGuest{ID: "aNN"}).Error, "a new row takes the key")
		require.Equal(t, 1, fixture.Rows(t, db, "softdelete_erased_rows"), "and makes the old one forgotten")
		require.NoError(t, db.Save(&foldedGuest{ID: "ann"}).Error)
		erased(t, db, &foldedGuest{ID: "Ann"}, "again")
		require.ErrorIs(t, db.Save(&foldedGuest{ID: "ann"}).Error, softdelete.ErrErased)
	})
}

func TestAnArchivedKeyIsMetByOtherLetters(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Create(&[]foldedBox{{ID: "ann", Size: 1}, {ID: "bob", Size: 1}}).Error)
		require.NoError(t, db.Delete(&foldedBox{ID: "ANN"}).Error)
		require.ErrorIs(t, db.Save(&foldedBox{ID: "aNN"}).Error, softdelete.ErrRowDeleted)
		nothing := clause.OnConflict{DoNothing: true}
		require.NoError(t, db.Clauses(nothing).Create(&[]foldedBox{{ID: "Ann"}, {ID: "carl"}, {ID: "ann"}, {ID: "BOB", Size: 9}}).Error)
		require.NoError(t, db.Clauses(nothing).Create(&foldedBox{ID: "ANN"}).Error)
		require.NoError(t, db.Model(&foldedBox{}).Clauses(nothing).Create([]map[string]any{{"ID": "aNN"}, {"ID": "dora"}}).Error)
		var boxes []foldedBox
		require.NoError(t, db.Order("id").Find(&boxes).Error)
		require.Equal(t, []foldedBox{{ID: "bob", Size: 1}, {ID: "carl"}, {ID: "dora"}}, boxes)
	})
}

func TestAnArchivedKeyIsMetWhateverBlanksItHas(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		if db.Name() == "sqlite" {
			return // which pads nothing
		}
		require.NoError(t, db.Create(&foldedPadded{ID: "a", Size: 1}).Error)
		require.NoError(t, db.Delete(&foldedPadded{ID: "a   "}).Error)
		require.ErrorIs(t, db.Save(&foldedPadded{ID: "a "}).Error, softdelete.ErrRowDeleted)
		require.NoError(t, db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]foldedPadded{{ID: "a  "}, {ID: "b"}, {ID: "a"}}).Error)
		row := foldedPadded{ID: "a "}
		_, err := softdelete.Restore(db, &row)
		require.NoError(t, err)
		require.Equal(t, 1, row.Size)
	})
}

func TestALinkComesBackOnceByOtherLetters(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		user := foldedUser{ID: "ann", Email: "a@x", Groups: []foldedGroup{{ID: "staff"}}}
		require.NoError(t, db.Create(&user).Error)
		links := func() *gorm.Association { return db.Model(&user).Association("Groups") }
		require.NoError(t, links().Delete(&foldedGroup{ID: "STAFF"}))
		require.NoError(t, links().Append(&[]foldedGroup{{ID: "Staff"}, {ID: "sTAFF"}}))
		require.Equal(t, 1, fixture.Rows(t, db, "folded_members", "deleted_at IS NULL"))
	})
}

func TestAnUpdateSparesLinksOfDeletedRowsNamedByOtherLetters(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Create(&[]foldedUser{{ID: "ann", Email: "a@x"}, {ID: "bob", Email: "b@x"}}).Error)
		require.NoError(t, db.Delete(&foldedUser{ID: "ann"}).Error)
		users := []foldedUser{{ID: "ANN", Notes: []foldedNote{{ID: 1, Text: "x"}}}, {ID: "BOB", Notes: []foldedNote{{ID: 2, Text: "x"}}}}
		require.NoError(t, db.Model(&users).Updates(map[string]any{"name": "n"}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "folded_notes"))
	})
}

func TestNoRowComesUnderADeletedOneNamedByOtherLetters(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Create(&[]foldedUser{{ID: "ann", Email: "a@x"}, {ID: "bob", Email: "b@x"}}).Error)
		require.NoError(t, db.Delete(&foldedUser{ID: "ANN"}).Error)
		require.ErrorIs(t, db.Create(&foldedNote{ID: 1, UserID: "aNN"}).Error, softdelete.ErrParentDeleted)
		require.ErrorIs(t, db.Create(&[]foldedNote{{ID: 1, UserID: "BOB"}, {ID: 2, UserID: "aNN"}}).Error, softdelete.ErrParentDeleted)
		require.NoError(t, db.Create(&foldedNote{ID: 1, UserID: "BOB"}).Error)
		require.ErrorIs(t, db.Model(&foldedNote{ID: 1}).Update("user_id", "Ann").Error, softdelete.ErrParentDeleted)
		require.NoError(t, db.Model(&foldedNote{ID: 1}).Update("user_id", "bob").Error)
	})
}
