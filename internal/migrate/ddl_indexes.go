package migrate

import (
	"slices"
	"strings"
)

// This room is for indexes where DDL executes nothing: what a later step asks about those that an earlier one has made or dropped.

// notes remembers that an index of a table has been made, or dropped.
func (r *ddlRecorder) notes(table, index string, there bool) {
	if r == nil || r.rehearsal != nil {
		return
	}
	if r.indexes[table] == nil {
		r.indexes[table] = map[string]bool{}
	}
	r.indexes[table][index] = there
}

// index tells whether an index of a table has been made, or dropped; known is false where it is as in the database.
func (r *ddlRecorder) index(table, index string) (there, known bool) {
	if r == nil {
		return false, false
	}
	there, known = r.indexes[table][index]
	return there, known
}

// owner is another table of the same schema for which an index of a name has been made; empty where there is none.
func (r *ddlRecorder) owner(table, index string) string {
	var owners []string
	if r != nil {
		for other, indexes := range r.indexes {
			if other != table && indexes[index] && schemaOf(other) == schemaOf(table) {
				owners = append(owners, other)
			}
		}
	}
	if len(owners) == 0 {
		return ""
	}
	return slices.Min(owners)
}

// schemaOf is what the name of a table says of its schema.
func schemaOf(table string) string { return table[:strings.LastIndexByte(table, '.')+1] }

// named gives the table of a value to migrate and the name of its index, which may be given by a field's.
func (m *migrator) named(value any, name string) (table, index string) {
	if table, ok := value.(string); ok {
		return table, name
	}
	stmt, err := m.statement(value)
	if err != nil {
		return "", name
	}
	if declared := stmt.Schema.LookIndex(name); declared != nil {
		name = declared.Name
	}
	return stmt.Table, name
}

// notesIndex remembers that an index of a value to migrate has been made, or dropped, unless it could not be.
func (m *migrator) notesIndex(value any, name string, there bool, err error) error {
	if r := recorderOf(m.db); r != nil && err == nil {
		table, index := m.named(value, name)
		r.notes(table, index, there)
	}
	return err
}

// DropIndex implements gorm.Migrator.
func (m *migrator) DropIndex(value any, name string) error {
	return m.notesIndex(value, name, false, m.Migrator.DropIndex(value, name))
}

// hasOtherIndex tells whether there is an index that no policy says anything about.
func (m *migrator) hasOtherIndex(value any, name string) bool {
	if r := recorderOf(m.db); r != nil {
		table, index := m.named(value, name)
		if there, known := r.index(table, index); known {
			return there
		}
	}
	return m.Migrator.HasIndex(value, name)
}
