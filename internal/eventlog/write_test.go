package eventlog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestEventsOfOneRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database)
		db = db.WithContext(signed(t.Context()))
		account := eventAccount{Owner: "ann", Balance: 5}
		require.NoError(t, db.Create(&account).Error)
		require.NoError(t, db.Model(&account).Update("balance", 7).Error)
		require.NoError(t, db.Model(&account).Update("balance", 7).Error)
		*now = now.Add(time.Second)
		require.NoError(t, db.Delete(&account).Error)
		events := history(t, db, &account)
		require.Equal(t, []string{"created", "updated", "deleted"}, kinds(events), "nothing for what changed nothing")
		require.JSONEq(t, `{"id":1,"owner":"ann","balance":5,"note":null}`, string(events[0].Data))
		require.JSONEq(t, `{"balance":7}`, string(events[1].Data))
		require.JSONEq(t, `{"id":1,"owner":"ann","balance":7,"note":null}`, string(events[2].Data))
		for _, event := range events {
			require.Equal(t, "clerk:7", event.Actor)
			require.Equal(t, "on request", event.Reason)
			require.Equal(t, "1", event.RowKey)
		}
		require.True(t, events[1].At.Equal(now.Add(-time.Second)))
		require.True(t, events[2].At.Equal(*now))
	})
}

func TestEventsOfEveryWritePath(t *testing.T) {
	ann := eventAccount{ID: 1}
	updated := []string{"created", "updated"}
	cases := map[string]struct {
		write    func(db *gorm.DB) error
		ann, bob []string // types of the events of the rows 1 and 2, which exist before
		data     string   // of the last event of row 1
	}{
		"Save": {
			write: func(db *gorm.DB) error {
				return db.Save(&eventAccount{ID: 1, Owner: "ann", Balance: 9}).Error
			}, ann: updated, data: `{"balance":9}`,
		},
		"Save of what is there": {
			write: func(db *gorm.DB) error { return db.Save(&eventAccount{ID: 1, Owner: "ann", Balance: 1}).Error }, data: `{"id":1,"owner":"ann","balance":1,"note":null}`,
		},
		"Save of several": {
			write: func(db *gorm.DB) error {
				return db.Save(&[]eventAccount{{ID: 1, Owner: "ann", Balance: 9}, {ID: 2, Owner: "bob", Balance: 1}, {ID: 3, Owner: "eve"}}).Error
			}, ann: updated, data: `{"balance":9}`,
		},
		"Updates with a map": {
			write: func(db *gorm.DB) error {
				return db.Model(&eventAccount{}).Where("owner = ?", "ann").Updates(map[string]any{"balance": 2, "note": "x"}).Error
			}, ann: updated, data: `{"balance":2,"note":"x"}`,
		},
		"Updates with a struct": {
			write: func(db *gorm.DB) error { return db.Model(&ann).Updates(eventAccount{Balance: 2}).Error }, ann: updated, data: `{"balance":2}`,
		},
		"UpdateColumn with an expression": {
			write: func(db *gorm.DB) error {
				return db.Model(&ann).UpdateColumn("balance", gorm.Expr("balance + ?", 41)).Error
			},
			ann: updated, data: `{"balance":42}`,
		},
		"an update by condition of two rows, of which one changes": {
			write: func(db *gorm.DB) error {
				return db.Model(&eventAccount{}).Where("id < 3").Update("owner", gorm.Expr("CASE id WHEN 1 THEN 'anna' ELSE owner END")).Error
			}, ann: updated, data: `{"owner":"anna"}`,
		},
		"an update of all rows": {
			write: func(db *gorm.DB) error {
				return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&eventAccount{}).Update("balance", 3).Error
			}, ann: updated, bob: updated, data: `{"balance":3}`,
		},
		"a new primary key": {
			write: func(db *gorm.DB) error { return db.Model(&ann).Update("id", 9).Error }, ann: []string{"created", "deleted"},
			data: `{"id":1,"owner":"ann","balance":1,"note":null}`,
		},
		"an upsert that creates one and updates one": {
			write: func(db *gorm.DB) error {
				on := clause.OnConflict{Columns: []clause.Column{{Name: "owner"}}, DoUpdates: clause.AssignmentColumns([]string{"balance"})}
				return db.Clauses(on).Create(&[]eventAccount{{Owner: "new"}, {Owner: "ann", Balance: 8}, {Owner: "bob", Balance: 1}}).Error
			}, ann: updated, data: `{"balance":8}`,
		},
		"an upsert that does nothing": {
			write: func(db *gorm.DB) error {
				return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]eventAccount{{Owner: "ann", Balance: 8}, {Owner: "new"}}).Error
			}, data: `{"id":1,"owner":"ann","balance":1,"note":null}`,
		},
		"FirstOrCreate that finds": {
			write: func(db *gorm.DB) error {
				return db.Where("owner = ?", "ann").Assign(map[string]any{"balance": 4}).FirstOrCreate(&eventAccount{}).Error
			}, ann: updated, data: `{"balance":4}`,
		},
		"an Unscoped delete": {
			write: func(db *gorm.DB) error { return db.Unscoped().Delete(&ann).Error }, ann: []string{"created", "deleted"},
			data: `{"id":1,"owner":"ann","balance":1,"note":null}`,
		},
		"a delete by condition": {
			write: func(db *gorm.DB) error { return db.Where("id < 3").Delete(&eventAccount{}).Error },
			ann:   []string{"created", "deleted"}, bob: []string{"created", "deleted"}, data: `{"id":1,"owner":"ann","balance":1,"note":null}`,
		},
		"a key that is used again": {
			write: func(db *gorm.DB) error {
				if err := db.Delete(&ann).Error; err != nil {
					return err
				}
				return db.Create(&eventAccount{ID: 1, Owner: "zoe"}).Error
			}, ann: []string{"created", "deleted", "created"}, data: `{"id":1,"owner":"zoe","balance":0,"note":null}`,
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				emptyAccounts(t, db)
				ann = eventAccount{ID: 1}
				require.NoError(t, db.Create(&[]eventAccount{{Owner: "ann", Balance: 1}, {Owner: "bob", Balance: 1}}).Error)
				require.NoError(t, c.write(db))
				for id, want := range map[uint][]string{1: c.ann, 2: c.bob} {
					if want == nil {
						want = []string{"created"}
					}
					events := history(t, db, &eventAccount{ID: id})
					require.Equal(t, want, kinds(events))
					if id == 1 {
						require.JSONEq(t, c.data, string(events[len(events)-1].Data))
					}
				}
				requireLogComplete(t, db, *now)
			})
		}
	})
}

// emptyAccounts removes all accounts with their events, and begins their keys at 1 again.
func emptyAccounts(t *testing.T, db *gorm.DB) {
	t.Helper()
	statements := map[string][]string{
		"postgres": {"TRUNCATE event_accounts, event_accounts_events, event_entries RESTART IDENTITY"},
		"sqlite":   {"DELETE FROM event_accounts", "DELETE FROM event_accounts_events", "DELETE FROM sqlite_sequence"},
		"mysql":    {"DELETE FROM event_accounts", "DELETE FROM event_accounts_events", "ALTER TABLE event_accounts AUTO_INCREMENT = 1"},
	}
	for _, statement := range statements[db.Name()] {
		require.NoError(t, db.Exec(statement).Error)
	}
}

// requireLogComplete checks that the events of every account give the row, and nothing else.
func requireLogComplete(t *testing.T, db *gorm.DB, now time.Time) {
	t.Helper()
	var rows []eventAccount
	require.NoError(t, db.Find(&rows).Error)
	for _, row := range rows {
		replayed := eventAccount{ID: row.ID}
		require.NoError(t, softdelete.AsOf(db, &replayed, now))
		require.Equal(t, row, replayed)
	}
	changed, err := softdelete.Rebuild(db, &eventAccount{})
	require.NoError(t, err)
	require.Zero(t, changed)
}

func TestEventsOfMarkedRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database)
		author := eventAuthor{Name: "ann", Books: []eventBook{{Title: "one", Status: "sold out"}, {Title: "two"}}}
		require.NoError(t, db.Create(&author).Error)
		created := *now
		*now = now.Add(time.Minute)
		report, err := softdelete.Delete(db.WithContext(signed(t.Context())), &author)
		require.NoError(t, err)
		deleted := report.At
		*now = now.Add(time.Minute)
		_, err = softdelete.Restore(db, &eventAuthor{ID: author.ID})
		require.NoError(t, err)

		var ids []string
		require.NoError(t, db.Table("event_books_events").Where("type <> 'created'").Order("id").Pluck("deletion_id", &ids).Error)
		require.Equal(t, []string{string(report.DeletionID), string(report.DeletionID), string(report.DeletionID), string(report.DeletionID)}, ids)
		for i := range author.Books {
			book := eventBook{ID: author.Books[i].ID}
			events := history(t, db, &book)
			require.Equal(t, []string{"created", "deleted", "restored"}, kinds(events))
			require.Equal(t, "clerk:7", events[1].Actor)
			require.True(t, events[1].At.Equal(deleted))
			require.Contains(t, string(events[1].Data), `"status":"gone"`)
			require.ErrorIs(t, softdelete.AsOf(db, &book, created.Add(-1)), gorm.ErrRecordNotFound)
			require.NoError(t, softdelete.AsOf(db, &book, created))
			require.NotEmpty(t, book.Title)
			require.ErrorIs(t, softdelete.AsOf(db, &book, deleted), gorm.ErrRecordNotFound)
			require.NoError(t, softdelete.AsOf(db, &book, *now))
		}
		require.Equal(t, []string{"created", "deleted", "restored"}, kinds(history(t, db, &author)))

		t.Run("Unscoped writes to a deleted row, and its removal, are events", func(t *testing.T) {
			require.NoError(t, db.Delete(&author).Error)
			require.NoError(t, db.Unscoped().Model(&eventAuthor{ID: author.ID}).UpdateColumn("name", "anna").Error)
			require.NoError(t, db.Unscoped().Delete(&eventAuthor{ID: author.ID}).Error)
			require.Equal(t, []string{"created", "deleted", "restored", "deleted", "updated", "deleted"}, kinds(history(t, db, &author)))
			rows, err := softdelete.Rebuild(db, &eventAuthor{})
			require.NoError(t, err)
			require.Zero(t, rows, "a removed row stays away")
		})
	})
}

func TestEventsOfAssociations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database)
		author := eventAuthor{Name: "ann", Books: []eventBook{{Title: "one"}, {Title: "two"}}}
		require.NoError(t, db.Create(&author).Error)
		other := eventAuthor{Name: "bob"}
		require.NoError(t, db.Create(&other).Error)
		one, two := eventBook{ID: 1}, eventBook{ID: 2}
		require.NoError(t, db.Model(&other).Association("Books").Append(&eventBook{ID: 1, Title: "one"}))
		require.JSONEq(t, `{"author_id":2}`, string(history(t, db, &one)[1].Data))
		require.NoError(t, db.Model(&author).Association("Books").Clear())
		require.JSONEq(t, `{"author_id":null}`, string(history(t, db, &two)[1].Data))
		require.Len(t, history(t, db, &one), 2)

		account := eventAccount{Owner: "eve", Entries: []eventEntry{{Amount: 1}, {Amount: 2}}}
		require.NoError(t, db.Create(&account).Error)
		require.NoError(t, db.Select("Entries").Delete(&account).Error)
		require.Equal(t, []string{"created", "deleted"}, kinds(history(t, db, &eventEntry{ID: 2})))
	})
}

func TestEventsOfCascadesBySQL(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database)
		account := eventAccount{Owner: "eve", Entries: []eventEntry{{Amount: 1}, {Amount: 2}}}
		require.NoError(t, db.Create(&account).Error)
		require.NoError(t, db.Exec("UPDATE event_accounts SET balance = 5").Error)
		require.Len(t, history(t, db, &account), 1, "raw SQL is no event")
		require.NoError(t, db.Delete(&account).Error)
		for _, id := range []uint{1, 2} {
			require.Equal(t, []string{"created", "deleted"}, kinds(history(t, db, &eventEntry{ID: id})))
		}
	})
}

func TestEventsOfRowsThatForeignKeysChange(t *testing.T) {
	type eventFolder struct {
		ID     uint
		Parent *uint
		Files  []eventFile `gorm:"foreignKey:FolderID;constraint:OnDelete:SET NULL"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database, &eventFolder{}, &eventFile{})
		require.NoError(t, db.Create(&eventFolder{Files: []eventFile{{ID: 5}}}).Error)
		if database.Name == "mysql" { // which fires no trigger for it
			err := db.Delete(&eventFolder{ID: 1}).Error
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "the foreign key of Files in table event_files would take 1 row of eventFile along without an event in their log")
			require.Len(t, history(t, db, &eventFile{ID: 5}), 1)
			require.NoError(t, db.First(&eventFolder{}, 1).Error)
			require.NoError(t, db.Model(&eventFile{ID: 5}).Update("folder_id", nil).Error)
			require.NoError(t, db.Delete(&eventFolder{ID: 1}).Error)
			return
		}
		require.NoError(t, db.Delete(&eventFolder{ID: 1}).Error)
		events := history(t, db, &eventFile{ID: 5})
		require.Equal(t, []string{"created", "updated"}, kinds(events))
		require.JSONEq(t, `{"folder_id":null}`, string(events[1].Data))
	})
}

type (
	eventShelf struct {
		ID     uint
		Code   string      `gorm:"size:20;uniqueIndex"`
		Copies []eventCopy `gorm:"foreignKey:Shelf;references:Code;constraint:OnUpdate:CASCADE"`
	}
	eventCopy struct {
		_     struct{} `softdelete:"events"`
		ID    uint
		Shelf string `gorm:"size:20"`
	}
)

func TestALogIsRefusedOfRowsThatAForeignKeyChangesPastItsTriggers(t *testing.T) {
	testdb.EachOf(t, testdb.UnfiredTriggers, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&eventShelf{}, &eventCopy{}}})
		refused := func(err error) {
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "the foreign key fk_event_shelves_copies of table event_copies has ON UPDATE CASCADE or SET NULL, which would change rows of eventCopy")
		}
		refused(db.AutoMigrate(&eventShelf{}, &eventCopy{}))
		const key = "ALTER TABLE event_copies ADD CONSTRAINT fk_event_shelves_copies FOREIGN KEY (shelf) REFERENCES event_shelves (code) ON UPDATE "
		fixture.Exec(t, db, "ALTER TABLE event_copies DROP FOREIGN KEY fk_event_shelves_copies", key+"RESTRICT")
		require.NoError(t, db.AutoMigrate(&eventShelf{}, &eventCopy{}))
		require.NoError(t, db.Create(&eventShelf{ID: 1, Code: "a", Copies: []eventCopy{{ID: 1}}}).Error)
		require.Error(t, db.Model(&eventShelf{ID: 1}).Update("code", "b").Error, "the database refuses, too")
		fixture.Exec(t, db, "ALTER TABLE event_copies DROP FOREIGN KEY fk_event_shelves_copies", key+"CASCADE")
		other := fixture.Use(t, database, softdelete.Config{Models: []any{&eventShelf{}, &eventCopy{}}})
		refused(other.Create(&eventCopy{ID: 2, Shelf: "a"}).Error)
	})
}

func TestRolledBackWritesLeaveNoEvents(t *testing.T) {
	for _, skip := range []bool{false, true} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db, _ := eventStage(t, database)
			db = db.Session(&gorm.Session{SkipDefaultTransaction: skip})
			account := eventAccount{Owner: "ann"}
			require.NoError(t, db.Create(&account).Error)
			refuse := fmt.Errorf("no")
			require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
				require.NoError(t, tx.Model(&account).Update("balance", 1).Error)
				require.ErrorIs(t, tx.Transaction(func(inner *gorm.DB) error {
					require.NoError(t, inner.Delete(&eventAccount{ID: account.ID}).Error)
					return refuse
				}), refuse)
				require.Len(t, history(t, tx, &account), 2)
				return refuse
			}), refuse)
			require.Len(t, history(t, db, &account), 1)
			require.Error(t, db.Create(&eventAccount{Owner: "ann"}).Error, "a duplicate")
			require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
				require.Error(t, tx.Transaction(func(inner *gorm.DB) error { return inner.Create(&eventAccount{Owner: "ann"}).Error }))
				require.NoError(t, tx.Exec("UPDATE event_accounts SET balance = 5").Error)
				return nil
			}))
			require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
				require.ErrorIs(t, tx.Model(&eventAccount{}).Update("balance", 1).Error, gorm.ErrMissingWhereClause)
				return tx.Exec("UPDATE event_accounts SET balance = 6").Error
			}))
			require.Len(t, history(t, db, &account), 1, "a statement that failed leaves nothing open")
			var count int64
			require.NoError(t, db.Table("event_accounts_events").Count(&count).Error)
			require.EqualValues(t, 1, count)
			if database.Name == "sqlite" {
				require.NoError(t, db.Table("softdelete_event_context").Count(&count).Error)
				require.Zero(t, count)
			}
		})
	}
}

func TestEventsTakeNoStatementPerRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database)
		recorder := testdb.Record(db)
		counts := func(rows int) (counts []int) {
			accounts := make([]eventAccount, rows)
			for i := range accounts {
				accounts[i] = eventAccount{Owner: fmt.Sprint(rows, "/", i), Balance: int64(rows)}
			}
			for _, write := range []func(db *gorm.DB) error{
				func(db *gorm.DB) error { return db.Create(&accounts).Error },
				func(db *gorm.DB) error {
					return db.Model(&eventAccount{}).Where("balance = ?", rows).UpdateColumn("balance", gorm.Expr("balance + 1")).Error
				},
				func(db *gorm.DB) error { return db.Where("balance = ?", rows+1).Delete(&eventAccount{}).Error },
			} {
				recorder.Reset()
				require.NoError(t, write(db))
				counts = append(counts, len(recorder.Statements()))
			}
			return counts
		}
		counts(2) // the log is looked for once
		require.Equal(t, counts(3), counts(80))
		require.Equal(t, []int{5, 5}, counts(4)[:2], "BEGIN, open, write, close, COMMIT")
		var events int64
		require.NoError(t, db.Table("event_accounts_events").Count(&events).Error)
		require.EqualValues(t, 3*(2+3+80+4), events)
	})
}
