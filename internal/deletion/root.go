package deletion

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the root rows of a deletion: their keys, the statement that GORM executes for them, and the caller's value.

// addKeyConditions adds the keys of the caller's value to the statement's conditions, as GORM does (callbacks/delete.go:131,
// GORM 1.31).
func (d *deletion) addKeyConditions() {
	stmt := d.stmt
	add := func(value reflect.Value) {
		values := d.keysOf(value)
		if len(values) > statement.Handful {
			stmt.AddClause(clause.Where{Exprs: []clause.Expression{d.target.KeysIn(d.deleter.Dialect, stmt.Schema, values)}})
		} else if column, in := schema.ToQueryValues(stmt.Table, stmt.Schema.PrimaryFieldDBNames, values); len(in) > 0 {
			stmt.AddClause(clause.Where{Exprs: []clause.Expression{clause.IN{Column: column, Values: in}}})
		}
		if len(values) > 0 && len(values) <= FewKeys {
			d.keys = values
		}
	}
	add(stmt.ReflectValue)
	if stmt.ReflectValue.CanAddr() && stmt.Dest != stmt.Model && stmt.Model != nil {
		add(reflect.ValueOf(stmt.Model))
	}
}

// keysOf lists the keys in a value, each once. One row's are read without what many allocate. GORM's own
// function takes ("a_b", "c") and ("a", "b_c") for one key (schema/utils.go:125, GORM 1.31).
func (d *deletion) keysOf(value reflect.Value) [][]any {
	stmt := d.stmt
	fields := stmt.Schema.PrimaryFields
	if value.Kind() != reflect.Struct {
		return rowkey.Of(d.deleter.Dialect, fields).Once(rowkey.InModels(stmt.Context, value, fields))
	}
	key, known := make([]any, len(fields)), false
	for i, field := range fields {
		column, zero := field.ValueOf(stmt.Context, value)
		key[i], known = column, known || !zero
	}
	if !known {
		return nil
	}
	return [][]any{key}
}

// FewKeys is the number of root rows up to which their keys are carried in the statements that follow, so that these need
// no search for the deletion's mark.
const FewKeys = 100

// Mark builds the statement that GORM's own callback executes for the root rows, once.
func (deleter *Deleter) Mark(db *gorm.DB) {
	d := deletionOf(db.Statement)
	if db.Error != nil || d == nil || d.built || d.standsAside() {
		return
	}
	d.built = true
	if err := d.look(db); err != nil {
		_ = db.AddError(err)
		return
	}
	if err := d.refuseSelected(deleter.Session(db)); err != nil {
		_ = db.AddError(err)
		return
	}
	if err := d.openLog(db); err != nil {
		_ = db.AddError(err)
		return
	}
	if d.leaves(d.root) {
		d.removed = d.stmt.Clauses["WHERE"]
		if err := d.removeChildren(db); err != nil {
			_ = db.AddError(err)
			return
		}
		if d.action(d.root) == ActionArchived {
			_ = db.AddError(d.archiveRoot(db))
			return
		}
		d.spareHeldRoots()
		d.beginDelete()
		d.stmt.AddClauseIfNotExists(clause.From{})
		d.stmt.SQL.Grow(statement.UsualLength)
		d.stmt.Build(d.stmt.BuildClauses...)
		return
	}
	d.buildRoot()
}

// buildRoot builds the UPDATE that marks the root rows. Its first two clauses are written as clause.Update and clause.Set
// would, which every deletion would pay for with entries in the statement's clauses.
func (d *deletion) buildRoot() {
	stmt := d.stmt
	scope.AddFilter(stmt, d.root.LiveWhere)
	if d.asksLevel() {
		stmt.AddClause(clause.Where{Exprs: []clause.Expression{statement.OnlyFresh{Dialect: d.deleter.Dialect}}})
	}
	stmt.SQL.Grow(statement.UsualLength)
	clauses := stmt.DB.Callback().Update().Clauses
	if _, hinted := stmt.Clauses["UPDATE"]; hinted {
		stmt.Build("UPDATE")
	} else {
		stmt.WriteString("UPDATE ")
		stmt.WriteQuoted(currentTable)
	}
	stmt.WriteString(" SET ")
	d.assignments = d.root.DeletionAssignments(d.space[:0], d.stamp(d.root))
	for i, a := range d.assignments {
		if i > 0 {
			stmt.WriteByte(',')
		}
		stmt.WriteQuoted(a.Field.DBName)
		stmt.WriteByte('=')
		value := a.Value
		if a.Former != nil {
			value = clause.Column{Name: a.Former.DBName}
			if a.Fallback != nil {
				value = clause.Expr{SQL: "COALESCE(?, ?)", Vars: []any{value, a.Fallback}}
			}
		}
		stmt.AddVar(stmt, value)
	}
	stmt.WriteByte(' ')
	stmt.Build(clauses[slices.Index(clauses, "SET")+1:]...)
}

// refuseClauses finds what the statement asks for that the deletion cannot do.
func (d *deletion) refuseClauses() error {
	return cmp.Or(d.refuseArchive(), d.refuseLimit(), d.refuseReturning())
}

// refuseReturning refuses a deletion for which GORM would ask for the rows that the UPDATE has changed, where the database gives none.
func (d *deletion) refuseReturning() error {
	if d.deleter.Dialect.Has(dialect.UpdateReturning) || d.action(d.root) != ActionDeleted {
		return nil
	}
	_, asked := d.stmt.Clauses["RETURNING"]
	if !asked || !slices.Contains(d.stmt.DB.Callback().Update().Clauses, "RETURNING") { // elsewhere it leaves the clause out
		return nil
	}
	return fmt.Errorf("%w: rows of %s are marked by an UPDATE, and this database returns no rows of one; leave clause.Returning out of the delete, "+
		"and read the rows before it", fault.ErrUnsupported, d.root.Schema.Name)
}

// refuseLimit refuses a LIMIT, where GORM puts one into the statement of the root rows, for all that finds these by statements of its own too,
// and would take others, or all.
func (d *deletion) refuseLimit() error {
	if _, asked := d.stmt.Clauses["LIMIT"]; !asked || !slices.Contains(d.stmt.DB.Callback().Delete().Clauses, "LIMIT") { // elsewhere it leaves the clause out
		return nil
	}
	several := "rows of %s leave their table by several statements, and not by that with the LIMIT alone"
	switch {
	case d.preview:
		several = "a preview counts all rows of %s that fulfil the conditions"
	case !d.leaves(d.root), d.root.Elsewhere() == nil && len(d.graph.Nodes) == 1:
		return nil
	}
	return fmt.Errorf("%w: "+several+"; read the keys by a Find with the LIMIT, and give these", fault.ErrUnsupported, d.root.Schema.Name)
}

// currentTable stands for the statement's table.
var currentTable any = clause.Table{Name: clause.CurrentTable}

// withdrawConditions leaves the statement with the caller's conditions, for the next one of the same *gorm.DB.
func (d *deletion) withdrawConditions() {
	delete(d.stmt.Clauses, scope.SoftDeleteEnabled)
	if d.lookedUp {
		delete(d.stmt.Clauses, "DELETE")
		delete(d.stmt.Clauses, "FROM")
	}
	if d.where.Expression == nil {
		delete(d.stmt.Clauses, "WHERE")
		return
	}
	d.stmt.Clauses["WHERE"] = d.where
}

// setFields writes the mark into the caller's value, for the rows that were taken: all, or those that it shows as live.
func (d *deletion) setFields() {
	list := d.assignments
	if list == nil {
		list = d.root.DeletionAssignments(d.space[:0], d.stamp(d.root))
	}
	each := func(value reflect.Value) {
		value = reflect.Indirect(value)
		if !value.IsValid() || !value.CanAddr() || !d.exact && d.root.ShowsDeleted(d.stmt.Context, value) {
			return
		}
		for _, a := range list {
			set := a.Value
			if a.Former != nil {
				var zero bool
				if set, zero = a.Former.ValueOf(d.stmt.Context, value); zero && a.Fallback != nil && a.Former.FieldType.Kind() == reflect.Pointer {
					set = a.Fallback
				}
			}
			d.snapshot.Release(d.stmt.Context, a.Field, value)
			_ = d.stmt.AddError(a.Field.Set(d.stmt.Context, value, set))
		}
	}
	switch value := d.stmt.ReflectValue; value.Kind() {
	case reflect.Struct:
		each(value)
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			each(value.Index(i))
		}
	}
}
