package paths_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// takenSeat is unique in every way in which deleted rows count too: by a tag, by an index with a condition of its own, by several
// columns, and by an index that no tag knows of.
type takenSeat struct {
	ID        uint
	Nick      string `gorm:"uniqueIndex:idx_seat_nick" softdelete:"full"`
	Kind      string
	Code      string `gorm:"uniqueIndex:idx_seat_code,where:kind = 'a'"`
	Hall      string `gorm:"uniqueIndex:idx_seat_place" softdelete:"full"`
	Row       string `gorm:"uniqueIndex:idx_seat_place"`
	Raw       *string
	Note      string
	DeletedAt gorm.DeletedAt
}

// plainSeat is the same where no index has a condition.
type plainSeat struct {
	ID        uint
	Nick      string `gorm:"size:40;uniqueIndex:idx_seat_nick" softdelete:"full"`
	Kind      string
	Code      string
	Hall      string  `gorm:"size:40;uniqueIndex:idx_seat_place" softdelete:"full"`
	Row       string  `gorm:"size:40;uniqueIndex:idx_seat_place"`
	Raw       *string `gorm:"size:40"`
	Note      string
	DeletedAt gorm.DeletedAt
}

func (plainSeat) TableName() string { return "taken_seats" }

// newSeats has seat 1 deleted, and 2 and 3 live.
func newSeats(t *testing.T, database *testdb.Database, options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&takenSeat{}}})))
	if database.Name == "mysql" {
		require.NoError(t, db.AutoMigrate(&plainSeat{}))
	} else {
		require.NoError(t, db.AutoMigrate(&takenSeat{}))
	}
	fixture.Exec(t, db, "CREATE UNIQUE INDEX seat_raw ON taken_seats (raw)")
	require.NoError(t, db.Create(&[]takenSeat{
		{ID: 1, Nick: "gone-nick", Kind: "a", Code: "gone-code", Hall: "gone-hall", Row: "gone-row", Raw: text("gone-raw")},
		{ID: 2, Nick: "two", Kind: "a", Code: "two", Hall: "gone-hall", Row: "two", Raw: text("two")},
		{ID: 3, Nick: "three", Kind: "b", Code: "gone-code", Hall: "three", Row: "gone-row", Raw: text("three")},
	}).Error)
	require.NoError(t, db.Delete(&takenSeat{ID: 1}).Error)
	return db
}

func TestAWriteOfWhatOnlyADeletedRowHasIsRowDeletedByAnyIndex(t *testing.T) {
	create := func(change func(*takenSeat)) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			seat := takenSeat{ID: 9, Nick: "new", Kind: "x", Code: "new", Hall: "new", Row: "new", Raw: text("new")}
			change(&seat)
			return db.Create(&seat).Error
		}
	}
	save := func(change func(*takenSeat)) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			seat := takenSeat{ID: 2, Nick: "two", Kind: "a", Code: "two", Hall: "gone-hall", Row: "two", Raw: text("two")}
			change(&seat)
			return db.Save(&seat).Error
		}
	}
	update := func(id uint, column string, value any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { return db.Model(&takenSeat{ID: id}).Update(column, value).Error }
	}
	for name, c := range map[string]struct {
		write func(db *gorm.DB) error
		names []string
	}{
		"create, an index with a condition": {create(func(s *takenSeat) { s.Kind, s.Code = "a", "gone-code" }), []string{"idx_seat_code", "(code)", "leave deleted rows out"}},
		"create, an index without a tag":    {create(func(s *takenSeat) { s.Raw = text("gone-raw") }), []string{"seat_raw", "(raw)", "leave deleted rows out"}},
		"create, several columns":           {create(func(s *takenSeat) { s.Hall, s.Row = "gone-hall", "gone-row" }), []string{"idx_seat_place", "(hall, row)", "tag full"}},
		"save":                              {save(func(s *takenSeat) { s.Nick = "gone-nick" }), []string{"idx_seat_nick", "tag full"}},
		"save, an index with a condition":   {save(func(s *takenSeat) { s.Code = "gone-code" }), []string{"idx_seat_code"}},
		"save, several columns":             {save(func(s *takenSeat) { s.Row = "gone-row" }), []string{"idx_seat_place"}},
		"update":                            {update(2, "nick", "gone-nick"), []string{"idx_seat_nick", "tag full"}},
		"update, by a condition": {func(db *gorm.DB) error {
			return db.Model(&takenSeat{}).Where("note = ?", "").Where("kind = 'b'").Updates(map[string]any{"Nick": "gone-nick"}).Error
		}, []string{"idx_seat_nick"}},
		"update, of a struct": {func(db *gorm.DB) error {
			return db.Model(&takenSeat{ID: 2}).Updates(takenSeat{Raw: text("gone-raw")}).Error
		}, []string{"seat_raw"}},
		"update, one of several columns":    {update(2, "row", "gone-row"), []string{"idx_seat_place", "(hall, row)"}},
		"update, the other of them":         {update(3, "hall", "gone-hall"), []string{"idx_seat_place", "(hall, row)"}},
		"update, an index with a condition": {update(2, "code", "gone-code"), []string{"idx_seat_code"}},
		"update of a key":                   {update(2, "id", 1), []string{"PRIMARY KEY"}},
		"update column":                     {func(db *gorm.DB) error { return db.Model(&takenSeat{ID: 2}).UpdateColumn("raw", "gone-raw").Error }, []string{"seat_raw"}},
		"generics": {func(db *gorm.DB) error {
			_, err := gorm.G[takenSeat](db).Where("id = 2").Update(db.Statement.Context, "nick", "gone-nick")
			return err
		}, []string{"idx_seat_nick"}},
	} {
		t.Run(name, func(t *testing.T) {
			databases := testdb.Everywhere
			if slices.Contains(c.names, "idx_seat_code") {
				databases = testdb.IndexConditions
			}
			testdb.EachOf(t, databases, func(t *testing.T, database *testdb.Database) {
				for _, translate := range []bool{false, true} {
					db := newSeats(t, database, &gorm.Config{TranslateError: translate})
					before := fixture.Dump(t, db, &takenSeat{})
					check := func(err error) {
						t.Helper()
						require.ErrorIs(t, err, softdelete.ErrRowDeleted)
						require.Equal(t, translate, isDuplicate(err))
						for _, name := range append(c.names, "taken_seats", "key 1", "restore it") {
							require.ErrorContains(t, err, name)
						}
						require.NotContains(t, err.Error(), "gone-")
						require.Equal(t, before, fixture.Dump(t, db, &takenSeat{}))
					}
					check(c.write(db))
					check(db.Transaction(func(tx *gorm.DB) error { return c.write(tx) }))
					require.NoError(t, db.Migrator().DropTable(&takenSeat{}))
				}
			})
		})
	}
}

func TestAnUpdateToALiveRowsValueIsTheDatabasesError(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newSeats(t, database, &gorm.Config{TranslateError: true})
		for i, err := range []error{
			db.Model(&takenSeat{ID: 2}).Update("nick", "three").Error,
			db.Model(&takenSeat{ID: 2}).Updates(map[string]any{"raw": "three", "code": "gone"}).Error,
			db.Model(&takenSeat{}).Where("id > 1").Update("nick", gorm.Expr("?", "same")).Error,
			db.Create(&takenSeat{ID: 9, Nick: "new", Raw: text("three")}).Error,
			// A deleted row is not written with what it has itself.
			db.Unscoped().Model(&takenSeat{ID: 1}).Updates(map[string]any{"raw": "gone-raw", "nick": "two"}).Error,
		} {
			require.ErrorIs(t, err, gorm.ErrDuplicatedKey, i)
			require.NotErrorIs(t, err, softdelete.ErrRowDeleted, i)
		}
	})
}
