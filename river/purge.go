// Package softdeleteriver runs softdelete's purge, and the delivery of erasures to third parties, as periodic jobs of
// github.com/riverqueue/river, for teams that already run its queue on PostgreSQL.
//
//	workers := river.NewWorkers()
//	river.AddWorker(workers, softdeleteriver.NewWorker(db, softdelete.PurgeOptions{}))
//	river.AddWorker(workers, softdeleteriver.NewDispatchWorker(db))
//	client, err := river.NewClient(driver, &river.Config{
//		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 10}},
//		Workers:      workers,
//		PeriodicJobs: []*river.PeriodicJob{softdeleteriver.PeriodicJob(time.Hour), softdeleteriver.DispatchJob(time.Minute)},
//	})
package softdeleteriver

import (
	"context"
	"encoding/json"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// PurgeArgs asks for one purge. It says nothing of what to purge: that is the worker's, so that a row of the queue's table
// cannot change it.
type PurgeArgs struct{}

// Kind implements river.JobArgs.
func (PurgeArgs) Kind() string { return "softdelete_purge" }

// InsertOpts implements river.JobArgsWithInsertOpts: while a purge waits, runs or is to be tried again no other is inserted, so
// that a fleet has one at a time.
func (PurgeArgs) InsertOpts() river.InsertOpts { return oneAtATime() }

func oneAtATime() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning,
		rivertype.JobStateScheduled,
	}}}
}

// PeriodicJob is a purge at once, and then one every so often, for river.Config.PeriodicJobs.
func PeriodicJob(every time.Duration) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(every), func() (river.JobArgs, *river.InsertOpts) {
		return PurgeArgs{}, nil
	}, &river.PeriodicJobOpts{ID: PurgeArgs{}.Kind(), RunOnStart: true})
}

// Worker purges. Make it with NewWorker, and add it with river.AddWorker.
type Worker struct {
	river.WorkerDefaults[PurgeArgs]

	db      *gorm.DB
	options softdelete.PurgeOptions
}

// NewWorker makes a worker that purges what the options say on db, which has the plugin.
func NewWorker(db *gorm.DB, o softdelete.PurgeOptions) *Worker { return &Worker{db: db, options: o} }

// Timeout implements river.Worker: a purge takes as long as it takes. It stops with the client, between batches and within
// one, and what it has removed by then stays removed. A purge that runs for longer than river.Config.RescueStuckJobsAfter is
// begun once more beside it, which does no harm: the two share the work.
func (*Worker) Timeout(*river.Job[PurgeArgs]) time.Duration { return -1 }

// Work implements river.Worker. The report becomes the job's output, which the queue keeps with it; it holds names and numbers.
// A purge that fails is tried again as the queue does with any job.
func (w *Worker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	report, err := softdelete.Purge(w.db.WithContext(ctx), w.options)
	if err != nil {
		return err
	}
	output, err := json.Marshal(report)
	if err != nil {
		return err
	}
	return river.RecordOutput(ctx, json.RawMessage(output))
}
