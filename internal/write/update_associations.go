package write

import (
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// An update saves the associations that its value has loaded, though the caller asked for nothing of the kind: it upserts
// their keys to the row (callbacks/associations.go:110, GORM 1.31). What stands here keeps that from deleted rows. A Save,
// Select of a relation, association mode and FullSaveAssociations do ask for it; a deleted row is an error there.

// sparesKey is where, in an update's settings and those of the statements that save its associations, the update stands.
type sparesKey struct{}

// savesKey is where, in an update's settings, stands what belongs back into it once its associations are saved.
type savesKey struct{}

// saved is what an update had before it was kept from saving associations of deleted rows.
type saved struct {
	stmt  *gorm.Statement // the update; those that save its associations inherit its settings
	omits []string
	value reflect.Value
}

// SpareDeleted runs before an update saves associations, and marks the statements that do.
func (g *Guards) SpareDeleted(db *gorm.DB) {
	stmt := db.Statement
	if g.PolicyHere(db) != nil && !stmt.Unscoped && len(stmt.Selects) == 0 && !db.FullSaveAssociations && loadsAssociations(stmt) {
		stmt.Settings.Store(sparesKey{}, stmt)
	}
}

// SpareLinks runs after the update: of the rows of its value, those that are deleted get nothing under them.
func (g *Guards) SpareLinks(db *gorm.DB) {
	stmt := db.Statement
	if value, ok := stmt.Settings.Load(sparesKey{}); !ok || value != stmt || db.Error != nil || db.DryRun {
		return
	}
	p := g.PolicyHere(db)
	if p == nil || !p.KeepsDeleted() {
		return
	}
	exact := rowkey.Of(g.Dialect, p.Schema.PrimaryFields)
	keys := exact.Once(rowkey.InModels(stmt.Context, stmt.ReflectValue, p.Schema.PrimaryFields))
	if db.RowsAffected >= int64(len(keys)) {
		return
	}
	deleted, err := g.deletedAmong(db, p, byKey(p, keys), false)
	switch {
	case err != nil:
		_ = db.AddError(err)
	case len(deleted) == 0:
	case stmt.ReflectValue.Kind() == reflect.Struct:
		omitAssociations(stmt)
	default:
		texts, err := g.Folding.Texts(g.Session(db).InWork(stmt.Context), p.Table, p.Schema.PrimaryFields, slices.Concat(deleted, keys))
		if err != nil {
			_ = db.AddError(err)
			return
		}
		same, gone := map[string]bool{}, map[string]bool{}
		for _, text := range texts[:len(deleted)] {
			same[text] = true
		}
		for i, key := range keys {
			gone[exact.Exact(key)] = same[texts[len(deleted)+i]]
		}
		stmt.Settings.Store(savesKey{}, saved{stmt, stmt.Omits, stmt.ReflectValue})
		stmt.ReflectValue = without(stmt, func(model reflect.Value) bool { return gone[exact.Of(stmt.Context, model)] })
	}
}

// omitAssociations keeps an update from saving associations.
func omitAssociations(stmt *gorm.Statement) {
	stmt.Settings.Store(savesKey{}, saved{stmt, stmt.Omits, stmt.ReflectValue})
	stmt.Omits = append(slices.Clone(stmt.Omits), clause.Associations)
}

// without is a statement's slice of models without some of them: pointers to the caller's own.
func without(stmt *gorm.Statement, left func(model reflect.Value) bool) reflect.Value {
	kept := reflect.New(reflect.SliceOf(reflect.PointerTo(stmt.Schema.ModelType))).Elem()
	for i := range stmt.ReflectValue.Len() {
		model := reflect.Indirect(stmt.ReflectValue.Index(i))
		if model.Kind() == reflect.Struct && model.CanAddr() && !left(model) {
			kept = reflect.Append(kept, model.Addr())
		}
	}
	return kept
}

// EndSpares ends both.
func EndSpares(db *gorm.DB) {
	stmt := db.Statement
	if value, ok := stmt.Settings.Load(savesKey{}); ok && value.(saved).stmt == stmt {
		stmt.Settings.Delete(savesKey{})
		stmt.Omits, stmt.ReflectValue = value.(saved).omits, value.(saved).value
	}
	if value, ok := stmt.Settings.Load(sparesKey{}); ok && value == stmt {
		stmt.Settings.Delete(sparesKey{})
	}
}

// spares tells whether a statement saves an association for an update that did not ask for it.
func spares(stmt *gorm.Statement) bool {
	_, ok := stmt.Settings.Load(sparesKey{})
	return ok
}

// loadsAssociations tells whether the value of a statement has associations that GORM would save.
func loadsAssociations(stmt *gorm.Statement) bool {
	loaded := func(value reflect.Value) bool {
		value = reflect.Indirect(value)
		if value.Kind() != reflect.Struct {
			return false
		}
		related := func(rel *schema.Relationship) bool {
			_, zero := rel.Field.ValueOf(stmt.Context, value)
			return !zero
		}
		r := &stmt.Schema.Relationships
		return slices.ContainsFunc(r.HasOne, related) || slices.ContainsFunc(r.HasMany, related) ||
			slices.ContainsFunc(r.Many2Many, related) || slices.ContainsFunc(r.BelongsTo, related)
	}
	switch value := stmt.ReflectValue; value.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			if loaded(value.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		return loaded(value)
	}
	return false
}
