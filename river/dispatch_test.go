package softdeleteriver_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	softdeleteriver "github.com/gorm-softdelete/softdelete/river"
)

type Reader struct {
	ID        uint
	Name      string `pii:"fixed:[erased]"`
	DeletedAt gorm.DeletedAt
}

// library is a third party that acknowledges what it is told, unless it is down.
type library struct {
	down atomic.Bool
	told atomic.Int64
}

func (*library) Name() string { return "library" }

func (l *library) Erase(context.Context, softdelete.ErasedSubject) error {
	if l.down.Load() {
		return errors.New("canary")
	}
	l.told.Add(1)
	return nil
}

// dispatch runs a delivery and gives how it ended.
func dispatch(t *testing.T, l *library) *river.Event {
	t.Helper()
	db := open(t, softdelete.Config{Models: []any{&Note{}, &Reader{}}, Processors: []softdelete.Processor{l}})
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &Reader{})...))
	require.NoError(t, db.Create(&Reader{ID: 1, Name: "name"}).Error)
	_, err := softdelete.Erase(db, &Reader{ID: 1}, softdelete.ErasureRequest{ID: "ticket"})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	workers := river.NewWorkers()
	river.AddWorker(workers, softdeleteriver.NewDispatchWorker(db))
	client, err := river.NewClient(riverdatabasesql.New(pool), &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 3}},
		Workers:           workers,
		PeriodicJobs:      []*river.PeriodicJob{softdeleteriver.DispatchJob(time.Hour)},
		FetchPollInterval: 50 * time.Millisecond,
		FetchCooldown:     50 * time.Millisecond,
	})
	require.NoError(t, err)
	ended, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	defer cancel()
	require.NoError(t, client.Start(t.Context()))
	defer func() { require.NoError(t, client.Stop(context.WithoutCancel(t.Context()))) }()
	select {
	case event := <-ended:
		return event
	case <-time.After(time.Minute):
		require.Fail(t, "no delivery")
		return nil
	}
}

func TestAPeriodicJobTellsThirdParties(t *testing.T) {
	l := &library{}
	event := dispatch(t, l)
	require.Equal(t, river.EventKindJobCompleted, event.Kind, "%v", event.Job.Errors)
	require.EqualValues(t, 1, l.told.Load())
}

func TestADeliveryThatFailsIsTheJobsErrorWithoutTheThirdPartysText(t *testing.T) {
	l := &library{}
	l.down.Store(true)
	event := dispatch(t, l)
	require.Equal(t, river.EventKindJobFailed, event.Kind)
	require.Len(t, event.Job.Errors, 1)
	require.Contains(t, event.Job.Errors[0].Error, "library")
	require.NotContains(t, event.Job.Errors[0].Error, "canary")
}
