package eventlog_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// eventAccount has a log alone: a deletion removes its row.
	eventAccount struct {
		_       struct{} `softdelete:"events"`
		ID      uint
		Owner   string `gorm:"uniqueIndex"`
		Balance int64
		Note    *string
		Entries []eventEntry `gorm:"foreignKey:AccountID" softdelete:"cascade"`
	}
	eventEntry struct {
		_         struct{} `softdelete:"hard;events"`
		ID        uint
		AccountID uint `gorm:"index"`
		Amount    int64
	}
	eventFile struct {
		_        struct{} `softdelete:"events"`
		ID       uint
		FolderID *uint
	}
	// eventAuthor and eventBook are marked in place.
	eventAuthor struct {
		ID         uint
		Name       string
		UpdatedAt  time.Time
		DeletedAt  gorm.DeletedAt `softdelete:"events"`
		DeletionID softdelete.DeletionID
		Books      []eventBook `gorm:"foreignKey:AuthorID" softdelete:"cascade"`
	}
	eventBook struct {
		ID         uint
		AuthorID   *uint  `gorm:"index"`
		Status     string `softdelete:"status;deleted:gone;active:in print;events"`
		Was        string `softdelete:"previous"`
		Title      string
		DeletionID softdelete.DeletionID
	}
)

// eventStage gives a database with the event models, whose clock stands where now says.
func eventStage(t testing.TB, database *testdb.Database, models ...any) (db *gorm.DB, now *time.Time) {
	t.Helper()
	now = new(time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC))
	db = database.Open(t).Session(&gorm.Session{NowFunc: func() time.Time { return *now }})
	if len(models) == 0 {
		models = []any{&eventAccount{}, &eventEntry{}, &eventAuthor{}, &eventBook{}}
	}
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	require.NoError(t, db.AutoMigrate(models...))
	return db, now
}

// kinds lists the types of a history.
func kinds(events []softdelete.Event) []string {
	list := make([]string, len(events))
	for i, event := range events {
		list[i] = event.Type
	}
	return list
}

// history gives a row's events and checks that their versions have no gaps.
func history(t testing.TB, db *gorm.DB, value any) []softdelete.Event {
	t.Helper()
	events, err := softdelete.History(db, value)
	require.NoError(t, err)
	for i, event := range events {
		require.EqualValues(t, i+1, event.Version)
		require.True(t, json.Valid(event.Data), string(event.Data))
	}
	return events
}

// signed is a context with an actor and a reason.
func signed(ctx context.Context) context.Context {
	return softdelete.WithReason(softdelete.WithActor(ctx, "clerk:7"), "on request")
}
