package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type eventFeeling struct {
	_    struct{} `softdelete:"events"`
	ID   uint
	Mood string `gorm:"type:feeling_mood"`
}

func TestAValueThatATypeHasNoMoreIsNamedByItsColumn(t *testing.T) {
	database := testdb.Postgres(t) // SQLite has no such types
	fixture.Exec(t, database.Open(t), "CREATE TYPE feeling_mood AS ENUM ('calm', 's3cret')")
	db := fixture.Models(t, database, []any{&eventFeeling{}})
	require.NoError(t, db.Create(&eventFeeling{ID: 1, Mood: "s3cret"}).Error)
	fixture.Exec(t, db, "ALTER TYPE feeling_mood RENAME VALUE 's3cret' TO 'upset'")
	_, rebuilds := softdelete.Rebuild(db, &eventFeeling{})
	for function, err := range map[string]error{"AsOf": softdelete.AsOf(db, &eventFeeling{ID: 1}, time.Now().Add(time.Minute)), "Rebuild": rebuilds} {
		require.ErrorIs(t, err, softdelete.ErrUnsupported, function)
		for _, part := range []string{"eventFeeling", "event_feelings", "feeling_mood", "column mood", "bring the columns' former types back"} {
			require.ErrorContains(t, err, part, function)
		}
		require.NotContains(t, err.Error(), "s3cret")
	}
	fixture.Exec(t, db, "ALTER TYPE feeling_mood ADD VALUE 's3cret'")
	row := eventFeeling{ID: 1}
	require.NoError(t, softdelete.AsOf(db, &row, time.Now().Add(time.Minute)), "what the error says works")
	require.Equal(t, "s3cret", row.Mood)
}
