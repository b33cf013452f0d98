package softdelete

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is about the tables that a model's rows lie in: its own, and the archive where it has one. Rows that lie in the
// event log only are in erasure_log.go.

// place is a table with rows of a model.
type place struct {
	policy   *policy
	archived bool
}

// places lists the tables that a model's rows lie in.
func (p *policy) places() []place {
	if p.archives() {
		return []place{{p, false}, {p, true}}
	}
	return []place{{p, false}}
}

func (t place) table() string {
	if t.archived {
		return t.policy.deletedTable()
	}
	return t.policy.schema.Table
}

// key is the columns that tell the table's rows apart: an archive has the same primary key many times.
func (t place) key() []*schema.Field {
	if t.archived {
		return append(slices.Clone(t.policy.schema.PrimaryFields), t.policy.id)
	}
	return t.policy.schema.PrimaryFields
}

// primary is the model's primary key of a row.
func (t place) primary(row reachedRow) []any { return row.key[:len(t.policy.schema.PrimaryFields)] }

// log is the event log that writes to the table have; nil for none.
func (t place) log() *dialect.Log {
	if t.archived {
		return nil
	}
	return t.policy.log
}

// texts are the columns actor and reason that the table has.
func (t place) texts() (fields []*schema.Field) {
	if t.policy.archives() != t.archived {
		return nil
	}
	for _, field := range []*schema.Field{t.policy.actor, t.policy.reason} {
		if field != nil && !t.policy.masks(field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// has tells whether the table has the model's column.
func (t place) has(field *schema.Field) bool { return !t.archived || moves(field) }

// rowText writes a row's key as one text that no other row of the table has.
func (q *query) rowText(t place, table string) *query {
	q.rowKey(t.policy.schema, table)
	if t.archived {
		q.text(" || '", archivedMark, "' || ").column(table, t.policy.id.DBName)
	}
	return q
}

const archivedMark = "|"

// formerText is the text that an archived row had in the model's table.
func (t place) formerText(row reachedRow) string {
	return strings.TrimSuffix(row.text, archivedMark+textOf(row.key[len(row.key)-1]))
}

// strangers lists the columns of an archive that the model no longer has. Nothing says whether they are personal.
func (x *erasure) strangers(tx *gorm.DB, t place) (names []string, err error) {
	if !t.archived || !t.policy.erases() {
		return nil, nil
	}
	if known, ok := x.foreign[t.policy]; ok {
		return known, nil
	}
	columns, err := x.engine.tableColumns(inWork(tx, tx.Statement.Context), t.table())
	for _, c := range columns {
		if t.policy.schema.FieldsByDBName[c.Name] == nil && !ownColumn(c.Name) {
			names = append(names, c.Name)
		}
	}
	if err == nil {
		if x.foreign == nil {
			x.foreign = map[*policy][]string{}
		}
		x.foreign[t.policy] = names
	}
	return names, err
}

// moved finds the rows of this erasure that the deletion of the subject has moved to an archive.
func (x *erasure) moved(tx *gorm.DB, m *reachedModel, chunk []reachedRow) ([]reachedRow, error) {
	t := place{m.policy, true}
	q := newQuery(tx, x.engine.dialect).selectRows(t).text(" WHERE ").column(t.table(), m.policy.id.DBName).text(" = ").bind(string(x.deletion))
	q.text(" AND ").keysIn(m.place, t.table(), chunk)
	return q.reachedRows(t)
}
