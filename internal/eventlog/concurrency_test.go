package eventlog_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestConcurrentWritersLeaveNoGapsInTheVersions(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database)
		pool, err := db.DB()
		require.NoError(t, err)
		pool.SetMaxOpenConns(8)
		const writers, rounds, rows = 6, 8, 3
		byOwner := clause.OnConflict{
			Columns:   []clause.Column{{Name: "owner"}},
			DoUpdates: clause.Set{{Column: clause.Column{Name: "balance"}, Value: gorm.Expr("event_accounts.balance + 1")}},
		}
		var group sync.WaitGroup
		failures := make(chan error, writers*rounds)
		for writer := range writers {
			group.Go(func() {
				for round := range rounds {
					id := uint(round%rows + 1)
					account := eventAccount{ID: id, Owner: fmt.Sprint("owner ", id)}
					var err error
					switch (writer + round) % 4 {
					case 0: // whoever comes first creates it
						err = db.Clauses(byOwner).Create(&account).Error
					case 1:
						err = db.Model(&eventAccount{}).Where("id <= ?", rows).UpdateColumn("balance", gorm.Expr("balance + 1")).Error
					case 2:
						err = db.Delete(&account).Error
					default:
						err = db.Transaction(func(tx *gorm.DB) error {
							return tx.Clauses(byOwner).Create(&account).Error
						})
					}
					// Statements that lock the same rows in different orders, or insert one key through two indexes, may be refused.
					if err != nil {
						failures <- err
					}
				}
			})
		}
		group.Wait()
		close(failures)
		for err := range failures {
			require.NotContains(t, err.Error(), "_events", "no event is in the way of another")
		}
		total := 0
		for id := range uint(rows) {
			total += len(history(t, db, &eventAccount{ID: id + 1}))
		}
		require.Greater(t, total, rows)
		requireLogComplete(t, db, *now)
	})
}

func TestAnEventWaitsForTheWriterBefore(t *testing.T) {
	database := testdb.Postgres(t)
	db, _ := eventStage(t, database) // SQLite has one writer at a time
	account := eventAccount{Owner: "ann"}
	require.NoError(t, db.Create(&account).Error)
	first := db.Begin()
	require.NoError(t, first.Delete(&eventAccount{ID: account.ID}).Error)
	second := make(chan error)
	go func() { second <- db.Create(&eventAccount{ID: account.ID, Owner: "eve"}).Error }()
	require.Eventually(t, func() bool { return database.AnyWaits(t) }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, first.Commit().Error)
	require.NoError(t, <-second)
	require.Equal(t, []string{"created", "deleted", "created"}, kinds(history(t, db, &account)))
	_, err := softdelete.Rebuild(db, &eventAccount{})
	require.NoError(t, err)
}
