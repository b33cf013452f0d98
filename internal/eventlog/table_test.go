package eventlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// eventGrown is eventAccount in a later version, with one column more and another gone.
type eventGrown struct {
	_       struct{} `softdelete:"events"`
	ID      uint
	Owner   string `gorm:"uniqueIndex:idx_event_accounts_owner"`
	Balance int64
	Grade   int `gorm:"not null;default:1"`
}

func (eventGrown) TableName() string { return "event_accounts" }

func TestAutoMigrateMakesEventLogs(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&eventAccount{}, &eventEntry{}}})
		planned, err := softdelete.DDL(db)
		require.NoError(t, err)
		for _, statement := range planned {
			require.NoError(t, db.Exec(statement).Error, statement)
		}
		require.NoError(t, db.Create(&eventAccount{Owner: "ann"}).Error)
		require.Len(t, history(t, db, &eventAccount{ID: 1}), 1)

		again, err := softdelete.DDL(db)
		require.NoError(t, err)
		require.Empty(t, again)
		recorder := testdb.Record(db)
		require.NoError(t, db.AutoMigrate(&eventAccount{}))
		for _, statement := range recorder.Statements() {
			require.NotRegexp(t, "^(CREATE|DROP|ALTER)", statement)
		}
	})
}

func TestEventLogsFollowTheModel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database, &eventAccount{}, &eventEntry{})
		require.NoError(t, db.Create(&eventAccount{Owner: "ann"}).Error)
		require.NoError(t, db.Exec("ALTER TABLE event_accounts ADD COLUMN grade bigint NOT NULL DEFAULT 1").Error)

		later := fixture.Use(t, database, softdelete.Config{Models: []any{&eventGrown{}}})
		err := later.Model(&eventGrown{ID: 1}).Update("grade", 2).Error
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "event_accounts does not know its column grade")
		require.NoError(t, later.AutoMigrate(&eventGrown{}))
		require.NoError(t, later.Model(&eventGrown{ID: 1}).Update("grade", 2).Error)
		events := history(t, later, &eventGrown{ID: 1})
		require.JSONEq(t, `{"grade":1}`, string(events[1].Data), "what it was when the log gained the column")
		require.JSONEq(t, `{"grade":2}`, string(events[2].Data))
		var grown eventGrown
		grown.ID = 1
		require.NoError(t, softdelete.AsOf(later, &grown, events[2].At))
		require.Equal(t, "ann", grown.Owner)
		require.Equal(t, 2, grown.Grade)
	})
}

func TestWritesWithoutTheEventLogAreRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&eventAccount{}, &eventEntry{}))
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		for _, write := range []func(db *gorm.DB) error{
			func(db *gorm.DB) error { return db.Create(&eventAccount{Owner: "ann"}).Error },
			func(db *gorm.DB) error { return db.Model(&eventAccount{ID: 1}).Update("balance", 1).Error },
			func(db *gorm.DB) error { return db.Delete(&eventAccount{ID: 1}).Error },
		} {
			err := write(db)
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "AutoMigrate")
		}
		var count int64
		require.NoError(t, db.Model(&eventAccount{}).Count(&count).Error)
		require.Zero(t, count)

		require.NoError(t, db.AutoMigrate(&eventAccount{}, &eventEntry{}))
		require.NoError(t, db.Create(&eventAccount{Owner: "ann"}).Error)
		if database.Name == "sqlite" {
			require.NoError(t, db.Migrator().AlterColumn(&eventAccount{}, "Owner"), "GORM makes the table anew")
			require.NoError(t, db.Create(&eventAccount{Owner: "bob"}).Error)
			require.Len(t, history(t, db, &eventAccount{ID: 2}), 1)
			require.NoError(t, db.Exec("DROP TRIGGER event_accounts_events_updated").Error)
			require.ErrorIs(t, db.Create(&eventAccount{Owner: "eve"}).Error, softdelete.ErrUnsupported)
		}
	})
}

func TestEventsOfATableGivenByName(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventEntry{})
		other := db.Table("old_entries").Session(&gorm.Session{})
		require.ErrorIs(t, other.Create(&eventEntry{Amount: 1}).Error, softdelete.ErrUnsupported)
		require.NoError(t, other.AutoMigrate(&eventEntry{}))
		require.NoError(t, other.Create(&eventEntry{ID: 7, Amount: 1}).Error)
		require.NoError(t, other.Where("id = 7").Delete(&eventEntry{}).Error)
		require.Equal(t, []string{"created", "deleted"}, kinds(history(t, other, &eventEntry{ID: 7})))
		require.Empty(t, history(t, db, &eventEntry{ID: 7}))
		require.ErrorIs(t, softdelete.AsOf(other, &eventEntry{ID: 7}, *now), gorm.ErrRecordNotFound)
	})
}

func TestEventsNeedAKeyThatTellsRowsApart(t *testing.T) {
	type keyless struct {
		_    struct{} `softdelete:"events"`
		Name string
	}
	type timed struct {
		_    struct{} `softdelete:"events"`
		Rate float64  `gorm:"primaryKey"`
	}
	type unlogged struct{ ID uint }
	db := testdb.SQLite(t).Open(t)
	err := db.Use(softdelete.New(softdelete.Config{Models: []any{&keyless{}, &timed{}}}))
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	require.ErrorContains(t, err, "keyless._: events needs a primary key")
	require.ErrorContains(t, err, "timed.Rate: events needs a primary key of integers, texts or bytes")

	db, now := eventStage(t, testdb.SQLite(t))
	_, err = softdelete.History(db, &unlogged{ID: 1})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	_, err = softdelete.Rebuild(db, &unlogged{})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	_, err = softdelete.History(db, &eventAccount{})
	require.ErrorIs(t, err, gorm.ErrMissingWhereClause)
	require.ErrorIs(t, softdelete.AsOf(db, eventAccount{ID: 1}, *now), gorm.ErrInvalidValue)
	require.ErrorIs(t, softdelete.AsOf(db, &[]eventAccount{}, *now), gorm.ErrInvalidValue)
	require.ErrorIs(t, softdelete.AsOf(db, nil, *now), gorm.ErrInvalidValue)
}

func TestAStatusMayReadLikeWhatQuotesATrigger(t *testing.T) {
	type eventSign struct {
		ID     uint
		Status string `softdelete:"status;deleted:$softdelete$;events"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := eventStage(t, database, &eventSign{})
		sign := eventSign{Status: "up"}
		require.NoError(t, db.Create(&sign).Error)
		require.NoError(t, db.Delete(&sign).Error)
		history, err := softdelete.History(db, &sign)
		require.NoError(t, err)
		require.Equal(t, []string{"created", "deleted"}, kinds(history))
	})
}
