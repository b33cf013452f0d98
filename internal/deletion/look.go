package deletion

import (
	"cmp"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for what hooks and callbacks of others do to the statement until GORM writes.

// standsAside tells whether a hook or a callback of others has built the statement's SQL: that is executed, as under plain GORM
// (callbacks/delete.go:127 and soft_delete.go:143, GORM 1.31), and nothing else is written.
func (d *deletion) standsAside() bool {
	d.aside = d.aside || d.stmt.SQL.Len() > 0
	return d.aside
}

// look finds, by the conditions that the statement has now, what the deletion takes and all that refuses, at any depth. It looks
// again where it has looked by others.
func (d *deletion) look(db *gorm.DB) error {
	if err := d.turn(db); err != nil {
		return err
	}
	d.onlyBin()
	where, _ := d.stmt.Clauses["WHERE"].Expression.(clause.Where)
	if d.planned && reflect.DeepEqual(where.Exprs, d.seen) {
		return nil
	}
	if d.planned || scope.HasAlternatives(where.Exprs) {
		d.keys = nil // those of the value alone
	}
	d.where = d.stmt.Clauses["WHERE"]
	if err := d.plan(d.deleter.Session(db)); err != nil {
		return err
	}
	d.planned = true
	if where, ok := d.stmt.Clauses["WHERE"].Expression.(clause.Where); ok && len(d.stmt.Selects) > 0 {
		d.seen = slices.Clone(where.Exprs)
	}
	return nil
}

// turn follows a hook or a callback that has made the statement Unscoped, or the contrary.
func (d *deletion) turn(db *gorm.DB) error {
	if d.erasing == d.stmt.Unscoped {
		return nil
	}
	if err := scope.CheckWrite(d.stmt); err != nil {
		return err
	}
	d.closeBin()
	d.erasing, d.bin = d.stmt.Unscoped, isBin(d.stmt)
	root, table, err := d.deleter.here(db, d.deleter.Policy(db, d.stmt.Schema))
	if err != nil {
		return err
	}
	d.root, d.target, d.graph = root, table, root.GraphOf()
	d.openBin()
	if err := cmp.Or(d.refuseArchive(), d.refuseLimit()); err != nil || db.DryRun || d.works {
		return err
	}
	d.works = true
	return statement.BeginWork(db, d.undone)
}

// hasCondition tells whether the statement has a condition beside the model's filter, as GORM's guard asks
// (callbacks/helper.go:109, GORM 1.31).
func hasCondition(stmt *gorm.Statement) bool {
	c, ok := stmt.Clauses["WHERE"]
	where, known := c.Expression.(clause.Where)
	if !known {
		return ok
	}
	conditions := len(where.Exprs)
	if _, filtered := stmt.Clauses[scope.SoftDeleteEnabled]; filtered {
		conditions--
	}
	return conditions > 0
}
