package softdelete

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// register puts the plugin's callbacks into GORM's chains. All stand Before a callback of GORM's: After would put them at the
// end of the chain, behind the commit (callbacks.go, GORM 1.31).
func (e *engine) register(db *gorm.DB) error {
	create, query, update, remove, row := db.Callback().Create(), db.Callback().Query(), db.Callback().Update(), db.Callback().Delete(), db.Callback().Row()
	return errors.Join(
		query.Before("gorm:query").Register("softdelete:query", e.beforeQuery),
		query.Before("gorm:preload").Register("softdelete:preload", e.beforePreload),
		query.Before("gorm:after_query").Register("softdelete:preloaded", e.afterPreload),
		row.Before("gorm:row").Register("softdelete:row", e.beforeQuery),
		row.After("gorm:row").Register("softdelete:rowed", e.afterRow),

		create.Before("gorm:before_create").Register("softdelete:begin_create", e.beginCreate),
		create.Before("gorm:create").Register("softdelete:create", e.beforeCreate),
		create.After("gorm:create").Before("gorm:save_after_associations").Register("softdelete:created", e.afterCreate),
		create.Before("gorm:after_create").Register("softdelete:linked_create", e.endLinks),
		create.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_create", e.endCreate),

		update.Before("gorm:setup_reflect_value").Register("softdelete:begin_update", e.beginWrite),
		update.Before("gorm:save_before_associations").Register("softdelete:associations_update", e.spareDeleted),
		update.Before("gorm:update").Register("softdelete:update", e.beforeUpdate),
		update.After("gorm:update").Before("gorm:save_after_associations").Register("softdelete:updated", e.afterUpdate),
		update.Before("gorm:after_update").Register("softdelete:linked_update", e.endAssociations),
		update.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_update", e.endWrite),

		remove.Before("gorm:before_delete").Register("softdelete:begin_delete", e.beginDelete),
		remove.Before("gorm:delete_before_associations").Register("softdelete:plan_delete", e.planDelete),
		remove.Before("gorm:delete").Register("softdelete:mark_delete", e.markDelete),
		remove.After("gorm:delete").Before("gorm:after_delete").Register("softdelete:cascade_delete", e.cascadeDelete),
		remove.Before("gorm:commit_or_rollback_transaction").Register("softdelete:end_delete", e.endDelete),
		remove.After("softdelete:end_delete").Register("softdelete:finish_delete", e.finishDelete),
	)
}

// policyFor gives the policy of a statement's model, nil where it has none. A wrong tag fails the statement.
func (e *engine) policyFor(db *gorm.DB) *policy {
	if db.Error != nil || db.Statement.Schema == nil {
		return nil
	}
	p := e.policy(db, db.Statement.Schema)
	if p.err != nil {
		_ = db.AddError(p.err)
		return nil
	}
	for _, r := range p.belongs {
		if r.parent.err != nil { // lazy and guard ask for the parent's deleted rows
			_ = db.AddError(r.parent.err)
			return nil
		}
	}
	return p
}

// beforeQuery makes sure that the model and all that it reaches are compiled before GORM reads their clauses.
func (e *engine) beforeQuery(db *gorm.DB) {
	p := e.policyFor(db)
	if p == nil {
		return
	}
	stmt := db.Statement
	if stmt.TableExpr != nil && p.predicates.reads() != nil {
		stmt.Table = tableAlias(stmt)
	}
	if len(stmt.Joins) > 0 {
		groupJoins(stmt)
		_ = db.AddError(e.checkJoins(db))
	}
	if value, ok := stmt.Settings.Load(viewKey{}); ok {
		_ = db.AddError(p.checkRelations(value.(view)))
	}
}

// checkJoins gives what is wrong with the tags of a joined relation's model.
func (e *engine) checkJoins(db *gorm.DB) error {
	for _, join := range db.Statement.Joins {
		s := db.Statement.Schema
		for _, name := range strings.Split(join.Name, ".") {
			rel, ok := s.Relationships.Relations[name]
			if !ok {
				break
			}
			s = rel.FieldSchema
			if err := e.policy(db, s).err; err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRelations refuses names of WithDeletedIn that are no relations.
func (p *policy) checkRelations(v view) error {
	for _, path := range v.relations {
		s := p.schema
		for _, name := range strings.Split(path, ".") {
			rel, ok := s.Relationships.Relations[name]
			if !ok {
				return fmt.Errorf("%w: WithDeletedIn: %s has no relation %q; it has %s", gorm.ErrUnsupportedRelation, s.Name, name,
					strings.Join(slices.Sorted(maps.Keys(s.Relationships.Relations)), ", "))
			}
			s = rel.FieldSchema
		}
	}
	return nil
}

// preloadState is what a statement had before its preloads were given a view of their own.
type preloadState struct {
	view     view
	preloads map[string][]any
}

// beforePreload gives the preloads their own view of deleted rows.
func (e *engine) beforePreload(db *gorm.DB) {
	stmt := db.Statement
	value, ok := stmt.Settings.Load(viewKey{})
	if !ok || db.Error != nil || len(stmt.Preloads) == 0 || stmt.Schema == nil {
		return
	}
	v := value.(view)
	stmt.Settings.Store(preloadKey{}, preloadState{view: v, preloads: stmt.Preloads})
	preloads, links := v.openPreloads(stmt.Schema, stmt.Preloads)
	inherited := v.forPreloads()
	inherited.links = links
	stmt.Settings.Store(viewKey{}, inherited)
	stmt.Preloads = preloads
}

// preloadKey is where preloadState stands in a statement's settings.
type preloadKey struct{}

// afterRow ends a query whose rows the caller reads.
func (e *engine) afterRow(db *gorm.DB) { withdrawFilter(db.Statement) }

// afterPreload puts the statement's own view back.
func (e *engine) afterPreload(db *gorm.DB) {
	withdrawFilter(db.Statement)
	if value, ok := db.Statement.Settings.LoadAndDelete(preloadKey{}); ok {
		former := value.(preloadState)
		db.Statement.Settings.Store(viewKey{}, former.view)
		db.Statement.Preloads = former.preloads
	}
}

// workKey is where a write's unit of work stands in its statement's settings.
type workKey struct{}

// beginWrite makes the checks and the write of a guarded model, and those of an upsert, one unit.
func (e *engine) beginWrite(db *gorm.DB) {
	p := e.policyFor(db)
	if p == nil || db.DryRun {
		return
	}
	_, upserts := onConflict(db.Statement)
	_, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter)
	logs := p.log != nil && !inTransaction
	if len(p.guards) == 0 && !p.guardsErased() && !(p.keepsDeleted() && (upserts || saves(db.Statement))) && !logs {
		return
	}
	work, err := beginWork(db)
	if err != nil {
		_ = db.AddError(err)
		return
	}
	db.Statement.Settings.Store(workKey{}, work)
}

// endWrite ends that unit. A statement that saves an association inherits the settings of the one around it, with a unit
// that is not its own (callbacks/associations.go:389, GORM 1.31).
func (e *engine) endWrite(db *gorm.DB) {
	value, ok := db.Statement.Settings.Load(workKey{})
	if !ok || value.(unitOfWork).stmt != db.Statement {
		return
	}
	db.Statement.Settings.Delete(workKey{})
	if err := value.(unitOfWork).end(db, db.Error); db.Error == nil {
		_ = db.AddError(err)
	}
}

// beforeCreate checks that no live row is created under a deleted parent, and keeps upserts from deleted rows.
func (e *engine) beforeCreate(db *gorm.DB) {
	p := e.policyFor(db)
	if p == nil {
		return
	}
	if p.guardsErased() && !db.DryRun {
		for _, guard := range [...]func(*gorm.DB, *policy) error{e.guardErasedCreate, e.guardErasedInsert} {
			if err := guard(db, p); err != nil {
				_ = db.AddError(err)
				return
			}
		}
	}
	e.prepareUpsert(db.Statement, p)
	if err := e.keepArchivedKeys(db, p); err != nil {
		_ = db.AddError(err)
		return
	}
	if len(p.guards) > 0 && !db.DryRun {
		_ = db.AddError(e.guardCreate(db, p))
	}
	e.beginLog(db)
}

// afterCreate checks what an upsert left out, and marks the statements that save links.
func (e *engine) afterCreate(db *gorm.DB) {
	e.endLog(db)
	e.checkUpsert(db)
	e.beginLinks(db)
}

// afterUpdate does the same for an update.
func (e *engine) afterUpdate(db *gorm.DB) {
	withdrawFilter(db.Statement)
	e.endLog(db)
	e.checkSave(db)
	e.spareLinks(db)
	e.beginLinks(db)
}

// endAssociations runs once an update's associations are saved.
func (e *engine) endAssociations(db *gorm.DB) {
	e.endLinks(db)
	e.endSpares(db)
}

// beforeUpdate checks that no live row is pointed to a deleted parent.
func (e *engine) beforeUpdate(db *gorm.DB) {
	p := e.policyFor(db)
	if p == nil || db.DryRun || db.Statement.SQL.Len() > 0 {
		return
	}
	if p.guardsErased() {
		if err := e.guardErasedUpdate(db, p); err != nil {
			_ = db.AddError(err)
			return
		}
	}
	if len(p.guards) > 0 {
		_ = db.AddError(e.guardUpdate(db, p))
	}
	e.beginLog(db)
}
