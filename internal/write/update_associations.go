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

// omitsKey is where an update's own Omits stand in its settings while it must not save associations.
type omitsKey struct{}

// SpareDeleted runs before an update saves associations, and marks the statements that do.
func (g *Guards) SpareDeleted(db *gorm.DB) {
	stmt := db.Statement
	if g.PolicyHere(db) != nil && !stmt.Unscoped && len(stmt.Selects) == 0 && !db.FullSaveAssociations && loadsAssociations(stmt) {
		stmt.Settings.Store(sparesKey{}, stmt)
	}
}

// SpareLinks runs after the update: one that met a deleted row saves nothing under it.
func (g *Guards) SpareLinks(db *gorm.DB) {
	stmt := db.Statement
	if value, ok := stmt.Settings.Load(sparesKey{}); !ok || value != stmt || db.Error != nil || db.DryRun || db.RowsAffected != 0 {
		return
	}
	p := g.PolicyHere(db)
	if p == nil || !p.KeepsDeleted() {
		return
	}
	keys := rowkey.InModels(stmt.Context, stmt.ReflectValue, p.Schema.PrimaryFields)
	deleted, err := g.deletedAmong(db, p, p.Schema.PrimaryFields, keys, true)
	if err != nil {
		_ = db.AddError(err)
	} else if len(deleted) > 0 {
		stmt.Settings.Store(omitsKey{}, stmt.Omits)
		stmt.Omits = append(slices.Clone(stmt.Omits), clause.Associations)
	}
}

// EndSpares ends both.
func EndSpares(db *gorm.DB) {
	stmt := db.Statement
	if value, ok := stmt.Settings.Load(sparesKey{}); !ok || value != stmt {
		return
	}
	stmt.Settings.Delete(sparesKey{})
	if omits, ok := stmt.Settings.LoadAndDelete(omitsKey{}); ok {
		stmt.Omits = omits.([]string)
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
