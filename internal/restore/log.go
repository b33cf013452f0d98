package restore

import (
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// logged runs the writes of a restore with the logs of its models open.
func (r *restoration) logged(tx statement.Session, work func(statement.Session) error) error {
	var logs []*dialect.Log
	for _, n := range r.graph.Nodes {
		if n.Policy.Log != nil {
			logs = append(logs, n.Policy.Log)
		}
	}
	if len(logs) == 0 {
		return work(tx)
	}
	ctx, restores := tx.Statement.Context, true
	err := r.restorer.Logs.Open(tx, logs, eventlog.LogWrite{Actor: mark.ActorFrom(ctx), Reason: mark.ReasonFrom(ctx), Restores: &restores, Moment: tx.NowFunc()})
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err // undone with all of the restore
	}
	return eventlog.Close(tx)
}
