package deletion

import (
	"errors"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room ends a deletion: what is undone where it has failed, and what its error says.

// End runs after the last hook: it writes the ledger and ends the transaction or savepoint.
func (deleter *Deleter) End(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil {
		return
	}
	if !db.DryRun {
		if db.Error == nil {
			_ = db.AddError(d.dropHeld())
		}
		if db.Error == nil && d.rows > 0 && !d.shares {
			_ = db.AddError(d.writeLedger(deleter.Session(db)))
		}
		if err := statement.EndWork(db, db.Error); db.Error == nil {
			_ = db.AddError(err)
		}
	}
	if db.Error == nil && d.outer != nil {
		d.outer.include(d)
	}
}

// Finish is the last callback, after GORM's commit: it gives the report, or puts the caller's value back.
func (deleter *Deleter) Finish(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if d == nil {
		return
	}
	if db.Error != nil {
		d.undone()
		d.deleter.Columns.ForgetAll(d.graph)
		if d.mayTryAgain(db.Error) {
			d.again(db)
			return
		}
		db.Error = d.explain(db, db.Error)
		db.RowsAffected = 0
		return
	}
	d.leave()
	if d.report != nil {
		d.report(d.finished())
	}
}

// explain makes a foreign key's refusal a fault.Blocked.
func (d *deletion) explain(db *gorm.DB, err error) error {
	if errors.Is(err, fault.ErrBlocked) {
		return err
	}
	if !errors.Is(err, gorm.ErrForeignKeyViolated) && d.deleter.Dialect.Violation(err).Kind != dialect.ForeignKey {
		return err
	}
	return &fault.Blocked{Blockers: d.forbidden(d.deleter.Session(db).InWork(db.Statement.Context)), Cause: err}
}
