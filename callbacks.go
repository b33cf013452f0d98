package softdelete

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/write"
)

// register puts the plugin's callbacks into GORM's chains. All stand Before a callback of GORM's: After would put them at the
// end of the chain, behind the commit (callbacks.go, GORM 1.31).
func (d *database) register(db *gorm.DB) error {
	create, query, update, remove, row := db.Callback().Create(), db.Callback().Query(), db.Callback().Update(), db.Callback().Delete(), db.Callback().Row()
	// These three are the last thing before GORM writes, whatever others register and whenever: see last.
	beforeCreate, beforeUpdate, mark := &last{call: d.beforeCreate}, &last{call: d.beforeUpdate}, &last{call: d.deleter.Mark}
	calls := func(f func(db *gorm.DB)) func(db *gorm.DB) {
		return statement.Guarded(func(db *gorm.DB) {
			f(db)
			db.Error = outward(db.Error)
		})
	}
	// What runs after the end of a statement's transaction may ask the database why it failed.
	finally := func(f func(db *gorm.DB)) func(db *gorm.DB) {
		return statement.Guarded(func(db *gorm.DB) {
			f(db)
			db.Error = d.outward(db, db.Error)
		})
	}
	first := func(f func(db *gorm.DB)) func(db *gorm.DB) {
		return calls(func(db *gorm.DB) {
			if err := d.registry.Server.Check(db); err != nil {
				_ = db.AddError(err)
				return
			}
			f(db)
		})
	}
	return errors.Join(
		query.Before("gorm:query").Register("softdelete:query", first(d.beforeQuery)),
		query.Before("gorm:preload").Register("softdelete:preload", calls(d.beforePreload)),
		query.Before("gorm:after_query").Register("softdelete:preloaded", calls(afterPreload)),
		row.Before("gorm:row").Register("softdelete:row", first(d.beforeQuery)),
		row.After("gorm:row").Register("softdelete:rowed", calls(afterRow)),

		create.Before("gorm:before_create").Register("softdelete:begin_create", first(d.guards.BeginCreate)),
		create.Before("gorm:create").Register("softdelete:create", calls(beforeCreate.early)),
		create.After("gorm:create").Before("gorm:save_after_associations").Register("softdelete:created", calls(d.afterCreate)),
		create.Before("gorm:after_create").Register("softdelete:linked_create", calls(write.EndLinks)),
		create.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_create", calls(write.EndCreate)),

		create.After("softdelete:end_create").Register("softdelete:finish_create", finally(d.guards.ExplainTaken)),

		update.Before("gorm:setup_reflect_value").Register("softdelete:begin_update", first(d.beginUpdate)),
		update.Before("gorm:save_before_associations").Register("softdelete:associations_update", calls(d.guards.SpareDeleted)),
		update.Before("gorm:update").Register("softdelete:update", calls(beforeUpdate.early)),
		update.After("gorm:update").Before("gorm:save_after_associations").Register("softdelete:updated", calls(d.afterUpdate)),
		update.Before("gorm:after_update").Register("softdelete:linked_update", calls(endAssociations)),
		update.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_update", calls(write.EndWrite)),
		update.After("softdelete:end_update").Register("softdelete:finish_update", finally(d.guards.ExplainTakenUpdate)),

		remove.Before("gorm:before_delete").Register("softdelete:begin_delete", first(d.beginDelete)),
		remove.Before("gorm:delete_before_associations").Register("softdelete:plan_delete", calls(d.deleter.Prepare)),
		remove.Before("gorm:delete").Register("softdelete:mark_delete", calls(mark.early)),
		remove.After("gorm:delete").Before("gorm:after_delete").Register("softdelete:cascade_delete", calls(d.deleter.Cascade)),
		remove.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_delete", calls(d.deleter.End)),
		remove.After("softdelete:end_delete").Register("softdelete:finish_delete", finally(d.deleter.Finish)),
		guard(db, map[string]*last{"create": beforeCreate, "update": beforeUpdate, "delete": mark}, d.needsFresh),
		d.readyBefore(remove),
	)
}

// readyBefore makes what a deletion needs before GORM begins its own transaction around the statement, which may have the pool's only
// connection.
func (d *database) readyBefore(remove processor) error {
	const name = "gorm:begin_transaction"
	begin := remove.Get(name)
	if begin == nil {
		return nil
	}
	return remove.Replace(name, func(db *gorm.DB) {
		if !db.SkipDefaultTransaction {
			d.readyLocks(db)
		}
		begin(db)
	})
}

// readyLocks sees to it that the table is there whose rows deletions by time lock, where the database has such a one.
func (d *database) readyLocks(db *gorm.DB) {
	d.migrations.ReadyLocks(db, func() bool {
		stmt := db.Statement
		if stmt.Schema == nil || stmt.SQL.Len() > 0 {
			return false
		}
		p := d.registry.Policy(db, stmt.Schema)
		return p != nil && p.Err == nil && d.deleter.ByTime(p)
	})
}

// beginDelete begins a deletion.
func (d *database) beginDelete(db *gorm.DB) {
	if db.SkipDefaultTransaction {
		d.readyLocks(db)
	}
	d.deleter.Begin(db)
}

// needsFresh tells whether the checks of a writing statement, or holds, look for rows of others.
func (d *database) needsFresh(db *gorm.DB) bool {
	s := db.Statement.Schema
	return s != nil && (d.holds.Found() || !d.registry.Policy(db, s).Plain())
}

// beforeQuery makes sure that the model and all that it reaches are compiled before GORM reads their clauses.
func (d *database) beforeQuery(db *gorm.DB) {
	p := d.registry.PolicyFor(db)
	if p == nil {
		return
	}
	stmt := db.Statement
	if stmt.TableExpr != nil && p.Predicates.Reads() != nil {
		stmt.Table = statement.TableAlias(stmt)
	}
	if len(stmt.Joins) > 0 {
		scope.GroupJoins(stmt)
		_ = db.AddError(d.checkJoins(db))
	}
	if value, ok := stmt.Settings.Load(scope.ViewKey{}); ok {
		_ = db.AddError(checkRelations(p, value.(scope.View)))
	}
}

// checkJoins gives what is wrong with the tags of a joined relation's model.
func (d *database) checkJoins(db *gorm.DB) error {
	for _, join := range db.Statement.Joins {
		s := db.Statement.Schema
		for _, name := range strings.Split(join.Name, ".") {
			rel, ok := s.Relationships.Relations[name]
			if !ok {
				break
			}
			s = rel.FieldSchema
			if err := d.registry.Policy(db, s).Err; err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRelations refuses names of WithDeletedIn that are no relations.
func checkRelations(p *policy.Policy, v scope.View) error {
	for _, path := range v.Relations {
		if rel, _, missing := policy.RelationAt(p.Schema, path); rel == nil {
			var names []string
			for _, rel := range policy.RelationsOf(p.Schema) {
				names = append(names, strings.Join(rel.Field.EmbeddedBindNames, "."))
			}
			slices.Sort(names)
			return fmt.Errorf("%w: WithDeletedIn(%q): there is no relation %q; %s has %s", gorm.ErrUnsupportedRelation, path, missing, p.Schema.Name,
				strings.Join(slices.Compact(names), ", "))
		}
	}
	return nil
}

// preloadState is what a statement had before its preloads were given a view of their own.
type preloadState struct {
	view     scope.View
	preloads map[string][]any
}

// beforePreload gives the preloads their own view of deleted rows.
func (d *database) beforePreload(db *gorm.DB) {
	stmt := db.Statement
	value, ok := stmt.Settings.Load(scope.ViewKey{})
	if !ok || db.Error != nil || len(stmt.Preloads) == 0 || stmt.Schema == nil {
		return
	}
	v := value.(scope.View)
	stmt.Settings.Store(preloadKey{}, preloadState{view: v, preloads: stmt.Preloads})
	preloads, links := v.OpenPreloads(stmt.Schema, stmt.Preloads)
	inherited := v.ForPreloads()
	inherited.Links = links
	stmt.Settings.Store(scope.ViewKey{}, inherited)
	stmt.Preloads = preloads
}

// preloadKey is where preloadState stands in a statement's settings.
type preloadKey struct{}

// afterRow ends a query whose rows the caller reads.
func afterRow(db *gorm.DB) {
	scope.WithdrawFilter(db.Statement)
	statement.FailRow(db)
}

// afterPreload puts the statement's own view back.
func afterPreload(db *gorm.DB) {
	scope.WithdrawFilter(db.Statement)
	if value, ok := db.Statement.Settings.LoadAndDelete(preloadKey{}); ok {
		former := value.(preloadState)
		db.Statement.Settings.Store(scope.ViewKey{}, former.view)
		db.Statement.Preloads = former.preloads
	}
}

// beforeCreate checks that no live row is created under a deleted parent, and keeps upserts from deleted rows.
func (d *database) beforeCreate(db *gorm.DB) {
	p := d.registry.PolicyHere(db)
	if p == nil {
		if db.Error == nil {
			d.guards.AimUntold(db.Statement)
		}
		return
	}
	if write.GuardsErased(p) && !db.DryRun {
		for _, guard := range [...]func(*gorm.DB, *policy.Policy) error{d.guards.GuardErasedCreate, d.guards.GuardErasedInsert} {
			if err := guard(db, p); err != nil {
				_ = db.AddError(err)
				return
			}
		}
	}
	d.guards.PrepareUpsert(db.Statement, p)
	if err := d.guards.KeepArchivedKeys(db, p); err != nil {
		_ = db.AddError(err)
		return
	}
	if len(p.Guards) > 0 && !db.DryRun {
		_ = db.AddError(d.guards.GuardCreate(db, p))
	}
	d.guards.WatchUpsert(db)
	d.logs.Begin(db)
}

// afterCreate checks what an upsert left out, and marks the statements that save links.
func (d *database) afterCreate(db *gorm.DB) {
	d.logs.End(db)
	d.guards.RefuseUnlinking(db)
	d.guards.CheckUpsert(db)
	d.guards.BeginLinks(db)
}

// afterUpdate does the same for an update.
func (d *database) afterUpdate(db *gorm.DB) {
	scope.WithdrawFilter(db.Statement)
	d.logs.End(db)
	d.guards.RefuseUnlinking(db)
	d.guards.CheckSave(db)
	d.guards.SpareLinks(db)
	d.guards.BeginLinks(db)
}

// endAssociations runs once an update's associations are saved.
func endAssociations(db *gorm.DB) {
	write.EndLinks(db)
	write.EndSpares(db)
}

// beginUpdate refuses a view that an update cannot have, and begins the write.
func (d *database) beginUpdate(db *gorm.DB) {
	if err := scope.CheckWrite(db.Statement); err != nil {
		_ = db.AddError(err)
		return
	}
	d.guards.BeginWrite(db)
}

// beforeUpdate checks that no live row is pointed to a deleted parent.
func (d *database) beforeUpdate(db *gorm.DB) {
	p := d.registry.PolicyHere(db)
	if p == nil || db.DryRun || db.Statement.SQL.Len() > 0 {
		return
	}
	if write.GuardsErased(p) {
		if err := d.guards.GuardErasedUpdate(db, p); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	if len(p.Guards) > 0 {
		_ = db.AddError(d.guards.GuardUpdate(db, p))
	}
	d.guards.WatchUpdate(db)
	d.logs.Begin(db)
}
