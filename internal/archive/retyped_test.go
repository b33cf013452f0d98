package archive_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	retypedBook struct {
		_     struct{} `softdelete:"archive;retain:1h;then:cold;events"`
		ID    uint
		Mood  string        `gorm:"type:retyped_mood"`
		Level int           `gorm:"type:integer"`
		Note  string        `pii:"fixed:gone"`
		Pages []retypedPage `gorm:"foreignKey:BookID;constraint:-" softdelete:"cascade"`
	}
	retypedPage struct {
		_          struct{} `softdelete:"archive;retain:1h;then:cold"`
		ID, BookID uint
		Mood       string `gorm:"type:retyped_mood"`
	}
)

// What a program has prepared on its connections stays there while another one changes the types of columns.
func TestTypesThatAreMadeAnewAreNoticedByNoCall(t *testing.T) {
	for name, config := range map[string]*gorm.Config{"the driver prepares": {}, "GORM prepares": {PrepareStmt: true}} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.PreparedTypes, func(t *testing.T, database *testdb.Database) {
				now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				config.NowFunc = func() time.Time { now = now.Add(time.Second); return now }
				other := database.Open(t)
				fixture.Exec(t, other, "CREATE TYPE retyped_mood AS ENUM ('calm', 'upset')")
				store, _ := fixture.ColdDir(t)
				db := fixture.OneConnection(t, fixture.Open(t, database, softdelete.Config{Models: []any{&retypedBook{}, &retypedPage{}}, ColdStore: store}, config))
				book := func(id uint) *retypedBook { return &retypedBook{ID: id} }
				var batches []string
				calls := []struct {
					name string
					call func(id uint) error
				}{
					{"Delete", func(id uint) error { return db.Delete(book(id)).Error }},
					{"PreviewRestore", func(id uint) error { _, err := softdelete.PreviewRestore(db, book(id)); return err }},
					{"Restore", func(id uint) error { _, err := softdelete.Restore(db, book(id)); return err }},
					{"AsOf", func(id uint) error { return softdelete.AsOf(db, book(id), now.Add(time.Hour)) }},
					{"Rebuild", func(uint) error { _, err := softdelete.Rebuild(db, &retypedBook{}); return err }},
					{"Preview", func(id uint) error { _, err := softdelete.Preview(db, book(id)); return err }},
					{"Erase", func(id uint) error { _, err := softdelete.Erase(db, book(id), softdelete.ErasureRequest{}); return err }},
					{"another Delete", func(id uint) error { return db.Where("id = ?", id+1).Delete(&retypedBook{}).Error }},
					{"Purge", func(uint) error {
						now = now.Add(3 * time.Hour)
						report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
						batches = append(fixture.ReportOf(t, report, "retyped_books_archive").ColdBatches, fixture.ReportOf(t, report, "retyped_pages_archive").ColdBatches...)
						return err
					}},
					{"Thaw", func(uint) error { _, err := softdelete.Thaw(db, batches[0]); return err }},
					{"Thaw of rows under it", func(uint) error { _, err := softdelete.Thaw(db, batches[1]); return err }},
				}
				round := func(first uint) {
					for id := first; id < first+2; id++ {
						require.NoError(t, other.Exec("INSERT INTO retyped_books (id, mood, level, note) VALUES (?, 'calm', 3, 'a note')", id).Error)
						require.NoError(t, other.Exec("INSERT INTO retyped_pages (id, book_id, mood) VALUES (?, ?, 'upset')", id, id).Error)
					}
					for _, c := range calls {
						require.NoError(t, c.call(first), c.name)
					}
					for _, table := range []string{"retyped_books", "retyped_pages"} {
						require.Equal(t, []int{1, 0}, []int{
							fixture.Rows(t, other, table, "id = ?", first+1), fixture.Rows(t, other, table+"_archive", "id = ?", first),
						}, table)
					}
				}
				for i := range uint(2) {
					round(10 * (i + 1))
				}
				tables := []string{"retyped_books", "retyped_books_archive", "retyped_pages", "retyped_pages_archive"}
				each := func(change string) {
					for _, table := range tables {
						fixture.Exec(t, other, "ALTER TABLE "+table+" ALTER mood TYPE "+change)
					}
				}
				each("text")
				fixture.Exec(t, other, "DROP TYPE retyped_mood", "CREATE TYPE retyped_mood AS ENUM ('calm', 'upset', 'new')")
				each("retyped_mood USING mood::retyped_mood")
				round(100)
				fixture.Exec(t, other, "ALTER TABLE retyped_books ALTER level TYPE bigint", "ALTER TABLE retyped_books_archive ALTER level TYPE bigint")
				round(200)
				each("text")
				fixture.Exec(t, other, "DROP TYPE retyped_mood")
				round(300)
			})
		})
	}
}

// Inside a transaction of the caller's there is nothing to try again where only reads have failed: PostgreSQL takes no statement more.
func TestTypesThatAreMadeAnewAreNamedInATransactionOfTheCaller(t *testing.T) {
	testdb.EachOf(t, testdb.PreparedTypes, func(t *testing.T, database *testdb.Database) {
		other := database.Open(t)
		fixture.Exec(t, other, "CREATE TYPE retyped_mood AS ENUM ('calm', 'upset')")
		store, _ := fixture.ColdDir(t)
		db := fixture.OneConnection(t, fixture.Open(t, database, softdelete.Config{Models: []any{&retypedBook{}, &retypedPage{}}, ColdStore: store}))
		require.NoError(t, db.Create(&[]retypedBook{{ID: 1, Mood: "calm"}, {ID: 2, Mood: "upset"}}).Error)
		require.NoError(t, db.Delete(&retypedBook{ID: 2}).Error)
		calls := map[string]func(tx *gorm.DB) error{
			"AsOf":           func(tx *gorm.DB) error { return softdelete.AsOf(tx, &retypedBook{ID: 1}, time.Now().Add(time.Hour)) },
			"PreviewRestore": func(tx *gorm.DB) error { _, err := softdelete.PreviewRestore(tx, &retypedBook{ID: 2}); return err },
		}
		for _, call := range calls {
			require.NoError(t, db.Transaction(call))
			require.NoError(t, db.Transaction(call))
		}
		fixture.Exec(t, other, "ALTER TABLE retyped_books ALTER id TYPE integer, ALTER level TYPE bigint", "ALTER TABLE retyped_books_archive ALTER id TYPE integer, ALTER level TYPE bigint")
		for name, call := range calls {
			err := db.Transaction(call)
			require.ErrorContains(t, err, "SQLSTATE", name)
			require.NotContains(t, err.Error(), "25P02", name) // which tells nothing but that something has failed before
		}
	})
}
