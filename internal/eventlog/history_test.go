package eventlog_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// eventMoment is what the tables held at a time: the live rows and all rows.
type eventMoment struct {
	at      time.Time
	authors map[uint]eventAuthor
	books   map[uint]eventBook
}

func lookAtEventTables(t require.TestingT, db *gorm.DB, at time.Time) eventMoment {
	m := eventMoment{at: at, authors: map[uint]eventAuthor{}, books: map[uint]eventBook{}}
	var authors []eventAuthor
	require.NoError(t, db.Find(&authors).Error)
	for _, author := range authors {
		author.UpdatedAt = author.UpdatedAt.UTC()
		m.authors[author.ID] = author
	}
	var books []eventBook
	require.NoError(t, db.Find(&books).Error)
	for _, book := range books {
		m.books[book.ID] = book
	}
	return m
}

// requireAsOf checks that the events give what a moment was.
func requireAsOf(t require.TestingT, db *gorm.DB, m eventMoment) {
	for id := uint(1); id <= 3; id++ {
		author := eventAuthor{ID: id}
		err := softdelete.AsOf(db, &author, m.at)
		if want, ok := m.authors[id]; ok {
			require.NoError(t, err)
			author.UpdatedAt = author.UpdatedAt.UTC()
			require.Equal(t, want, author)
		} else {
			require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		}
	}
	for id := uint(1); id <= 5; id++ {
		book := eventBook{ID: id}
		err := softdelete.AsOf(db, &book, m.at)
		if want, ok := m.books[id]; ok {
			require.NoError(t, err)
			require.Equal(t, want, book)
		} else {
			require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		}
	}
}

// TestReplayingEventsGivesTheRows draws writes of all kinds, and asks the log for every moment between them.
func TestReplayingEventsGivesTheRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventAuthor{}, &eventBook{})
		rapid.Check(t, func(t *rapid.T) {
			for _, table := range []string{"event_books", "event_books_events", "event_authors", "event_authors_events"} {
				require.NoError(t, db.Exec("DELETE FROM "+table).Error)
			}
			moments := []eventMoment{lookAtEventTables(t, db, *now)}
			for range rapid.IntRange(1, 12).Draw(t, "writes") {
				*now = now.Add(time.Second)
				write := drawEventWrite(t)
				_ = write(db) // what is refused changes nothing
				moments = append(moments, lookAtEventTables(t, db, *now))
			}
			for _, m := range moments {
				requireAsOf(t, db, m)
			}
			requireRebuilt(t, db)
		})
	})
}

// drawEventWrite draws one write on authors 1 to 3 and books 1 to 5.
func drawEventWrite(t *rapid.T) func(db *gorm.DB) error {
	author := eventAuthor{ID: rapid.UintRange(1, 3).Draw(t, "author"), Name: rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "name")}
	book := eventBook{ID: rapid.UintRange(1, 5).Draw(t, "book"), AuthorID: new(author.ID), Title: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "title"), Status: "in print"}
	writes := map[string]func(db *gorm.DB) error{
		"create author":   func(db *gorm.DB) error { return db.Create(&author).Error },
		"create books":    func(db *gorm.DB) error { return db.Create(&[]eventBook{book, {ID: book.ID%5 + 1, Title: "x"}}).Error },
		"create together": func(db *gorm.DB) error { author.Books = []eventBook{book}; return db.Create(&author).Error },
		"save":            func(db *gorm.DB) error { return db.Save(&book).Error },
		"upsert": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&[]eventBook{book, {ID: book.ID%5 + 1, Title: "y"}}).Error
		},
		"update": func(db *gorm.DB) error { return db.Model(&author).Update("name", author.Name).Error },
		"update some": func(db *gorm.DB) error {
			return db.Model(&book).Where("id > ?", book.ID).Update("title", book.Title).Error
		},
		"update expression": func(db *gorm.DB) error {
			return db.Model(&eventBook{}).Where("id <= ?", book.ID).UpdateColumn("title", gorm.Expr("title || 'x'")).Error
		},
		"update unscoped":    func(db *gorm.DB) error { return db.Unscoped().Model(&book).UpdateColumn("title", "unscoped").Error },
		"move":               func(db *gorm.DB) error { return db.Model(&author).Association("Books").Replace(&book) },
		"delete author":      func(db *gorm.DB) error { return db.Delete(&author).Error },
		"delete books":       func(db *gorm.DB) error { return db.Where("id >= ?", book.ID).Delete(&eventBook{}).Error },
		"remove author":      func(db *gorm.DB) error { return db.Unscoped().Delete(&author).Error },
		"remove book":        func(db *gorm.DB) error { return db.Unscoped().Delete(&book).Error },
		"restore author":     func(db *gorm.DB) error { _, err := softdelete.Restore(db, &author); return err },
		"restore book":       func(db *gorm.DB) error { _, err := softdelete.Restore(db, &book); return err },
		"restore everything": func(db *gorm.DB) error { _, err := softdelete.Restore(db.Where("id > 0"), &eventAuthor{}); return err },
		"another key":        func(db *gorm.DB) error { return db.Model(&book).Update("id", book.ID%5+1).Error },
		"rolled back": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				_ = tx.Delete(&author).Error
				return gorm.ErrInvalidTransaction
			})
		},
	}
	names := make([]string, 0, len(writes))
	for name := range writes {
		names = append(names, name)
	}
	slices.Sort(names)
	return writes[rapid.SampledFrom(names).Draw(t, "write")]
}

// requireRebuilt checks that Rebuild finds nothing to do, and that it undoes damage.
func requireRebuilt(t require.TestingT, db *gorm.DB) {
	all := func() (rows []map[string]any) {
		require.NoError(t, db.Table("event_books").Order("id").Find(&rows).Error)
		return rows
	}
	none, err := softdelete.Rebuild(db, &eventBook{})
	require.NoError(t, err)
	require.Zero(t, none)
	before := all()
	changed := db.Exec("UPDATE event_books SET status = 'gone', was = 'damage' WHERE id IN (1, 2)")
	require.NoError(t, changed.Error)
	removed := db.Exec("DELETE FROM event_books WHERE id = 3")
	require.NoError(t, removed.Error)
	var removable []string
	require.NoError(t, db.Raw(`SELECT row_key FROM event_books_events AS e WHERE content = 'removed' AND row_key = '4'
		AND version = (SELECT max(version) FROM event_books_events AS m WHERE m.row_key = e.row_key)`).Scan(&removable).Error)
	if len(removable) > 0 {
		require.NoError(t, db.Exec("INSERT INTO event_books (id, status, title, was, deletion_id) VALUES (4, 'in print', 'back', '', '')").Error)
	}
	rows, err := softdelete.Rebuild(db, &eventBook{})
	require.NoError(t, err)
	require.Equal(t, changed.RowsAffected+removed.RowsAffected+int64(len(removable)), rows)
	require.Equal(t, before, all())
}

func TestTheOrderOfEventsIsThatOfTheirVersions(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventAccount{}, &eventEntry{})
		start := *now
		account := eventAccount{Owner: "ann"}
		require.NoError(t, db.Create(&account).Error)
		*now = start.Add(10 * time.Second)
		require.NoError(t, db.Model(&account).Update("balance", 10).Error)
		*now = start.Add(5 * time.Second) // a writer whose clock is behind
		require.NoError(t, db.Model(&account).Update("note", "late").Error)
		for after, want := range map[time.Duration]eventAccount{
			0:                {Owner: "ann"},
			4 * time.Second:  {Owner: "ann"},
			9 * time.Second:  {Owner: "ann"},
			10 * time.Second: {Owner: "ann", Balance: 10, Note: new("late")}, // no earlier than the event before it
			20 * time.Second: {Owner: "ann", Balance: 10, Note: new("late")},
		} {
			want.ID = account.ID
			then := eventAccount{ID: account.ID}
			require.NoError(t, softdelete.AsOf(db, &then, start.Add(after).In(time.FixedZone("elsewhere", 3600))))
			require.Equal(t, want, then)
		}
		then := eventAccount{ID: account.ID, Owner: "untouched"}
		require.ErrorIs(t, softdelete.AsOf(db, &then, start.Add(-1)), gorm.ErrRecordNotFound)
		require.Equal(t, "untouched", then.Owner)
	})
}

func TestRowsFromBeforeTheLog(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventAccount{}, &eventEntry{})
		require.NoError(t, db.Exec("INSERT INTO event_accounts (id, owner, balance) VALUES (1, 'ann', 1), (2, 'bob', 2), (3, 'eve', 3)").Error)
		require.NoError(t, db.Model(&eventAccount{ID: 1}).Update("balance", 5).Error)
		require.NoError(t, db.Delete(&eventAccount{ID: 2}).Error)
		events := history(t, db, &eventAccount{ID: 1})
		require.Equal(t, []string{"updated"}, kinds(events))
		require.JSONEq(t, `{"id":1,"owner":"ann","balance":5,"note":null}`, string(events[0].Data), "nothing else holds the rest of the row")
		require.Equal(t, []string{"deleted"}, kinds(history(t, db, &eventAccount{ID: 2})))
		require.ErrorIs(t, softdelete.AsOf(db, &eventAccount{ID: 2}, *now), gorm.ErrRecordNotFound)
		require.NoError(t, db.Exec("DELETE FROM event_accounts WHERE id = 1").Error)
		rows, err := softdelete.Rebuild(db, &eventAccount{})
		require.NoError(t, err)
		require.EqualValues(t, 1, rows)
		var owners []string
		require.NoError(t, db.Model(&eventAccount{}).Order("id").Pluck("owner", &owners).Error)
		require.Equal(t, []string{"ann", "eve"}, owners, "a row without events is left alone")

		require.NoError(t, db.Exec("INSERT INTO event_accounts (id, owner, balance) VALUES (2, 'bob', 8)").Error)
		require.NoError(t, db.Model(&eventAccount{ID: 2}).Update("balance", 9).Error)
		back := eventAccount{ID: 2}
		require.NoError(t, softdelete.AsOf(db, &back, *now), "a row that came back by raw SQL is whole in its next event")
		require.Equal(t, "bob", back.Owner)
	})
}
