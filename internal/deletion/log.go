package deletion

import (
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
)

// logs lists the logs that the deletion may write to: those of the rows that it takes, and of rows whose foreign keys the
// database changes with them.
func (d *deletion) logs() []*dialect.Log {
	var logs []*dialect.Log
	add := func(l *dialect.Log) {
		if l != nil && !slices.Contains(logs, l) {
			logs = append(logs, l)
		}
	}
	add(d.root.Log)
	for _, n := range d.graph.Nodes {
		if n.Policy != d.root {
			add(n.Policy.Log)
		}
		for _, r := range n.Policy.Has {
			if d.action(n.Policy) == ActionRemoved && r.Child != d.root {
				add(r.Child.Log)
			}
		}
	}
	return logs
}

// openLog opens the logs for what the deletion writes.
func (d *deletion) openLog(db *gorm.DB) error {
	logs := d.logs()
	if len(logs) == 0 || db.DryRun {
		return nil
	}
	d.logging = true
	return d.deleter.Logs.Open(d.deleter.Session(db).InWork(db.Statement.Context), logs, eventlog.LogWrite{
		Actor: d.actor, Reason: d.reason, Deletion: string(d.ID()), Moment: d.at,
	})
}

// closeLog closes them.
func (d *deletion) closeLog(db *gorm.DB) error {
	if !d.logging {
		return nil
	}
	d.logging = false
	return eventlog.Close(d.deleter.Session(db).InWork(db.Statement.Context))
}
