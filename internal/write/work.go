package write

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// BeginWrite makes the checks and the write of a guarded model, and those of an upsert, one unit.
func (g *Guards) BeginWrite(db *gorm.DB) {
	p := g.PolicyHere(db)
	if p == nil || db.DryRun {
		return
	}
	_, upserts := onConflict(db.Statement)
	_, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter)
	logs := p.Log != nil && !inTransaction
	if len(p.Guards) == 0 && !GuardsErased(p) && !(p.KeepsDeleted() && (upserts || saves(db.Statement))) && !logs {
		return
	}
	if err := g.named(db); err != nil {
		_ = db.AddError(err)
		return
	}
	_ = db.AddError(statement.BeginWork(db, nil))
}

// named makes sure that the checks of a write know which table it is about.
func (g *Guards) named(db *gorm.DB) error {
	p := g.PolicyFor(db)
	if err := g.Recognize(db, p, false); err != nil {
		return err
	}
	_, _, err := g.HereOrRefuse(db.Statement, p)
	return err
}

// EndWrite ends that unit.
func EndWrite(db *gorm.DB) {
	if err := statement.EndWork(db, db.Error); db.Error == nil {
		_ = db.AddError(err)
	}
}
