package deletion

import (
	"time"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for tables that are not there. A program which never asks for the rows of a relation goes on without their table: no mark
// stands in it. Where a deletion needs the table for more, the statement that does will tell.

// instantUsed tells whether a row of the models carries the time, in tables that are there.
func (deleter *Deleter) instantUsed(tx statement.Session, models []*policy.Policy, at time.Time, trial statement.Trial) (bool, error) {
	there, err := deleter.there(tx, models, func(table string) bool { _, absent := deleter.absent.Load(table); return absent })
	if err != nil {
		return false, err
	}
	used, err := instantUsed(tx, there, at, trial)
	if err == nil || tx.Dialect.Missing(err) != dialect.MissingTable {
		return used, err
	}
	left, failed := deleter.there(tx, there, func(string) bool { return true })
	if failed != nil || len(left) == len(there) { // the transaction takes no more statements, or it is another table
		return false, err
	}
	return instantUsed(tx, left, at, trial)
}

// there leaves out the models whose tables are not there, of those that are in doubt.
func (deleter *Deleter) there(tx statement.Session, models []*policy.Policy, doubt func(table string) bool) (there []*policy.Policy, err error) {
	for i, p := range models {
		table := p.DeletedTable()
		if !doubt(table) {
			if there != nil {
				there = append(there, p)
			}
			continue
		}
		name, err := tx.Dialect.SameName(tx.InWork(tx.Statement.Context).DB, table)
		if err != nil {
			return nil, err
		}
		if there == nil {
			there = append(make([]*policy.Policy, 0, len(models)), models[:i]...)
		}
		if name == "" {
			deleter.absent.Store(table, true)
			continue
		}
		deleter.absent.Delete(table)
		there = append(there, p)
	}
	if there == nil {
		return models, nil
	}
	return there, nil
}
