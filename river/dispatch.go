package softdeleteriver

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// DispatchArgs asks for one delivery of erasures to third parties. It says nothing of whom and what: that is in the outbox.
type DispatchArgs struct{}

// Kind implements river.JobArgs.
func (DispatchArgs) Kind() string { return "softdelete_dispatch" }

// InsertOpts implements river.JobArgsWithInsertOpts: while a delivery waits, runs or is to be tried again no other is inserted.
func (DispatchArgs) InsertOpts() river.InsertOpts { return oneAtATime() }

// DispatchJob is a delivery at once, and then one every so often, for river.Config.PeriodicJobs.
func DispatchJob(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return DispatchArgs{}, nil
	}, &river.PeriodicJobOpts{ID: DispatchArgs{}.Kind(), RunOnStart: true})
}

// DispatchWorker delivers erasures to third parties. Make it with NewDispatchWorker, and add it with river.AddWorker.
type DispatchWorker struct {
	river.WorkerDefaults[DispatchArgs]

	db *gorm.DB
}

// NewDispatchWorker makes a worker that delivers the erasures of db, which has the plugin and its Config.Processors.
func NewDispatchWorker(db *gorm.DB) *DispatchWorker { return &DispatchWorker{db: db} }

// Timeout implements river.Worker: a delivery takes as long as the third parties do. It stops with the client.
func (*DispatchWorker) Timeout(*river.Job[DispatchArgs]) time.Duration { return -1 }

// Work implements river.Worker. What a third party has not acknowledged waits in the outbox and is due again later; the job fails
// then with softdelete.DispatchErasures' own error, which the queue keeps and which quotes nobody's data, and is tried again as any job.
func (w *DispatchWorker) Work(ctx context.Context, _ *river.Job[DispatchArgs]) error {
	return softdelete.DispatchErasures(w.db.WithContext(ctx))
}
