package write

import (
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
)

// workKey is where a write's unit of work stands in its statement's settings.
type workKey struct{}

// BeginWrite makes the checks and the write of a guarded model, and those of an upsert, one unit.
func BeginWrite(e *policy.Engine, db *gorm.DB) {
	p := e.PolicyFor(db)
	if p == nil || db.DryRun {
		return
	}
	_, upserts := onConflict(db.Statement)
	_, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter)
	logs := p.Log != nil && !inTransaction
	if len(p.Guards) == 0 && !GuardsErased(p) && !(p.KeepsDeleted() && (upserts || saves(db.Statement))) && !logs {
		return
	}
	work, err := statement.BeginWork(db)
	if err != nil {
		_ = db.AddError(err)
		return
	}
	db.Statement.Settings.Store(workKey{}, work)
}

// EndWrite ends that unit. A statement that saves an association inherits the settings of the one around it, with a unit
// that is not its own (callbacks/associations.go:389, GORM 1.31).
func EndWrite(e *policy.Engine, db *gorm.DB) {
	value, ok := db.Statement.Settings.Load(workKey{})
	if !ok || value.(statement.UnitOfWork).Stmt != db.Statement {
		return
	}
	db.Statement.Settings.Delete(workKey{})
	if err := value.(statement.UnitOfWork).End(db, db.Error); db.Error == nil {
		_ = db.AddError(err)
	}
}
