package write

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// This room reads what an update or a create from a map writes to a field, by the names that GORM takes for it.

// assignments are what an update writes to columns.
type assignments struct {
	stmt       *gorm.Statement
	columns    map[string]any // of a map, or of a SET that the caller gave; nil for a struct
	given      reflect.Value  // the struct
	schema     *schema.Schema // of the struct
	selected   map[string]bool
	restricted bool
}

// assignmentsOf reads an update statement before GORM has built it.
func assignmentsOf(stmt *gorm.Statement) assignments {
	a := assignments{stmt: stmt}
	if set, ok := stmt.Clauses["SET"].Expression.(clause.Set); ok { // as gorm.G(…).Set(…) has it; GORM then looks at nothing else
		a.columns = map[string]any{}
		for _, assignment := range set {
			a.columns[columnOf(stmt.Schema, assignment.Column.Name)] = assignment.Value
		}
		return a
	}
	a.selected, a.restricted = stmt.SelectAndOmitColumns(false, true)
	dest := reflect.ValueOf(stmt.Dest)
	for dest.Kind() == reflect.Pointer {
		dest = dest.Elem()
	}
	if !dest.IsValid() {
		return a
	}
	if values, ok := dest.Interface().(map[string]any); ok {
		a.columns = map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(values)) { // GORM's order; the last one counts
			a.columns[columnNamed(stmt.Schema, name)] = values[name]
		}
		return a
	}
	switch {
	case dest.Kind() != reflect.Struct:
	case dest.Type() == stmt.Schema.ModelType:
		a.given, a.schema = dest, stmt.Schema
	default: // another struct, whose columns have the same names
		other := &gorm.Statement{DB: stmt.DB}
		if other.Parse(stmt.Dest) == nil {
			a.given, a.schema = dest, other.Schema
		}
	}
	return a
}

// to gives what is written to a field; ok is false for a field that the update leaves.
func (a assignments) to(field *schema.Field) (value any, ok bool) {
	on, named := a.selected[field.DBName]
	if named && !on || !named && a.restricted {
		return nil, false
	}
	if a.columns != nil {
		value, ok = a.columns[field.DBName]
		return value, ok
	}
	if a.schema == nil {
		return nil, false
	}
	source := a.schema.LookUpField(field.DBName)
	if source == nil {
		return nil, false
	}
	value, zero := source.ValueOf(a.stmt.Context, a.given)
	return value, !zero || named
}

// columnNamed gives the column that GORM writes for a key of a map: a column, a field, or what the naming strategy makes a
// column of, such as userId for user_id.
func columnNamed(s *schema.Schema, name string) string {
	if field := s.LookUpField(name); field != nil && field.DBName != "" {
		return field.DBName
	}
	return columnOf(s, name)
}

// columnOf gives the column that a name in a statement means: databases do not tell capitals.
func columnOf(s *schema.Schema, name string) string {
	if s.FieldsByDBName[name] != nil {
		return name
	}
	if i := slices.IndexFunc(s.DBNames, func(column string) bool { return strings.EqualFold(column, name) }); i >= 0 {
		return s.DBNames[i]
	}
	return name
}
