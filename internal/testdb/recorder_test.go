package testdb

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

func TestRecorder(t *testing.T) {
	Each(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		recorder := Record(db)

		t.Run("values are kept apart", func(t *testing.T) {
			recorder.Reset()
			var found []note
			require.NoError(t, db.Where("text = ?", "secret").Find(&found).Error)
			require.Len(t, recorder.All(), 1)
			require.Contains(t, recorder.Statements()[0], "WHERE text = ")
			require.NotContains(t, recorder.Statements()[0], "secret")
			require.Equal(t, []any{"secret"}, recorder.All()[0].Args)
		})

		t.Run("transactions and savepoints are statements", func(t *testing.T) {
			recorder.Reset()
			err := db.Transaction(func(tx *gorm.DB) error {
				failed := tx.Transaction(func(*gorm.DB) error { return errors.New("no") })
				require.EqualError(t, failed, "no")
				return tx.Create(&note{Text: "a"}).Error
			})
			require.NoError(t, err)
			require.Error(t, db.Create(&note{Text: "a"}).Error)

			insert := "INSERT INTO"
			want := []string{"BEGIN", "SAVEPOINT", "ROLLBACK TO SAVEPOINT", insert, "COMMIT", "BEGIN", insert, "ROLLBACK"}
			require.Len(t, recorder.Statements(), len(want))
			for i, statement := range recorder.Statements() {
				require.True(t, strings.HasPrefix(statement, want[i]), statement)
			}
		})

		t.Run("a prepared statement counts when it is executed", func(t *testing.T) {
			db := database.Open(t, &gorm.Config{PrepareStmt: true, SkipDefaultTransaction: true})
			recorder := Record(db)
			for _, text := range []string{"b", "c"} {
				require.NoError(t, db.Exec("INSERT INTO notes (text) VALUES (?)", text).Error)
			}
			require.Len(t, recorder.All(), 2)
			require.Equal(t, []any{"c"}, recorder.All()[1].Args)
			require.Equal(t, []string{"a", "b", "c"}, texts(t, db))
		})

		t.Run("a session and a transaction lead to the same pool", func(t *testing.T) {
			tx := db.Begin()
			defer tx.Rollback()
			inTransaction := Record(tx)
			require.NoError(t, db.Session(&gorm.Session{NewDB: true}).Exec("SELECT 1").Error)
			require.Equal(t, []string{"SELECT 1"}, inTransaction.Statements())
		})

		t.Run("several goroutines may send", func(t *testing.T) {
			recorder.Reset()
			var group sync.WaitGroup
			for i := range 8 {
				group.Go(func() {
					if err := db.Exec("SELECT ?", fmt.Sprint(i)).Error; err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			require.Len(t, recorder.Statements(), 8)
		})
	})
}

func TestRecordNeedsATap(t *testing.T) {
	db, err := gorm.Open(sqlite.Open(SQLite(t).DSN))
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	defer pool.Close()
	require.PanicsWithValue(t, "testdb: this *gorm.DB was not opened by testdb", func() { Record(db) })
}
