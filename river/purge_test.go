package softdeleteriver_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	softdeleteriver "github.com/gorm-softdelete/softdelete/river"
)

type Note struct {
	ID        uint
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
}

var notes = softdelete.Config{Models: []any{&Note{}}}

// open is a database with the queue's tables, and notes of which the first is due.
func open(t *testing.T, config softdelete.Config) *gorm.DB {
	t.Helper()
	db := testdb.Postgres(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(&Note{}))
	pool, err := db.DB()
	require.NoError(t, err)
	migrator, err := rivermigrate.New(riverdatabasesql.New(pool), nil)
	require.NoError(t, err)
	_, err = migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(t, err)
	require.NoError(t, db.Create([]Note{
		{ID: 1, DeletedAt: gorm.DeletedAt{Time: time.Now().AddDate(0, -2, 0), Valid: true}},
		{ID: 2, DeletedAt: gorm.DeletedAt{Time: time.Now(), Valid: true}},
		{ID: 3},
	}).Error)
	return db
}

func config(db *gorm.DB, o softdelete.PurgeOptions, periodic ...*river.PeriodicJob) *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, softdeleteriver.NewWorker(db, o))
	return &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 3}},
		Workers:           workers,
		PeriodicJobs:      periodic,
		FetchPollInterval: 50 * time.Millisecond,
		FetchCooldown:     50 * time.Millisecond,
	}
}

func TestAPeriodicJobPurges(t *testing.T) {
	db := open(t, notes)
	pool, err := db.DB()
	require.NoError(t, err)
	client, err := river.NewClient(riverdatabasesql.New(pool), config(db, softdelete.PurgeOptions{}, softdeleteriver.PeriodicJob(time.Hour)))
	require.NoError(t, err)
	completed, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer cancel()
	require.NoError(t, client.Start(t.Context()))
	defer func() { require.NoError(t, client.Stop(context.WithoutCancel(t.Context()))) }()
	select {
	case event := <-completed:
		require.Equal(t, river.EventKindJobCompleted, event.Kind, "%v", event.Job.Errors)
		var report softdelete.PurgeReport
		require.NoError(t, json.Unmarshal(event.Job.Output(), &report))
		require.EqualValues(t, 1, report.Models[0].Done)
		require.Equal(t, "notes", report.Models[0].Table)
	case <-time.After(30 * time.Second):
		require.Fail(t, "no purge")
	}
	var ids []uint
	require.NoError(t, db.Unscoped().Model(&Note{}).Order("id").Pluck("id", &ids).Error)
	require.Equal(t, []uint{2, 3}, ids)
}

func TestOnePurgeWaitsAtATime(t *testing.T) {
	db := open(t, notes)
	pool, err := db.DB()
	require.NoError(t, err)
	client, err := river.NewClient(riverdatabasesql.New(pool), &river.Config{})
	require.NoError(t, err)
	first, err := client.Insert(t.Context(), softdeleteriver.PurgeArgs{}, nil)
	require.NoError(t, err)
	require.False(t, first.UniqueSkippedAsDuplicate)
	second, err := client.Insert(t.Context(), softdeleteriver.PurgeArgs{}, nil)
	require.NoError(t, err)
	require.True(t, second.UniqueSkippedAsDuplicate)
}

func TestAPurgeThatIsStoppedIsTriedAgain(t *testing.T) {
	db := open(t, notes)
	pool, err := db.DB()
	require.NoError(t, err)
	begun := make(chan struct{})
	require.NoError(t, db.Callback().Row().Before("gorm:row").Register("stop", func(tx *gorm.DB) {
		select {
		case <-begun:
		default:
			close(begun)
			<-tx.Statement.Context.Done() // the client stops
		}
	}))
	client, err := river.NewClient(riverdatabasesql.New(pool), config(db, softdelete.PurgeOptions{}))
	require.NoError(t, err)
	inserted, err := client.Insert(t.Context(), softdeleteriver.PurgeArgs{}, nil)
	require.NoError(t, err)
	require.NoError(t, client.Start(t.Context()))
	<-begun
	require.NoError(t, client.StopAndCancel(t.Context()))
	job, err := client.JobGet(t.Context(), inserted.Job.ID)
	require.NoError(t, err)
	require.NotEqual(t, rivertype.JobStateCompleted, job.State)
	var rows int64
	require.NoError(t, db.Unscoped().Model(&Note{}).Count(&rows).Error)
	require.EqualValues(t, 3, rows)
}
