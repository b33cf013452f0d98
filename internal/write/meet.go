package write

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says by what an upsert may meet a row that is there.

// meeting is one unique index by which the rows of an upsert may meet others, with what they have there.
type meeting struct {
	*policy.UniqueIndex
	keys [][]any // of the rows that have a value in each field; of an index on expressions, of all rows
}

// meetings are those of an upsert: by the index that it names, or by any where it names none, or cannot.
func meetings(stmt *gorm.Statement, p *policy.Policy, c clause.OnConflict) (list []meeting) {
	for _, index := range mayMeet(p, c) {
		list = append(list, meeting{index, keysOf(stmt, index)})
	}
	return list
}

// mayMeet are the indexes by which the database may find a row for an upsert.
func mayMeet(p *policy.Policy, c clause.OnConflict) []*policy.UniqueIndex {
	if !p.Dialect().Has(dialect.ConflictTargets) {
		return p.Meets()
	}
	return meets(p, c)
}

// meets are those by which the caller means one.
func meets(p *policy.Policy, c clause.OnConflict) []*policy.UniqueIndex {
	switch {
	case c.OnConstraint != "":
		return p.Meets()
	case len(c.Columns) > 0:
		return []*policy.UniqueIndex{targetOf(p, c.Columns)}
	case c.UpdateAll: // GORM fills in the primary key (callbacks/create.go:386, GORM 1.31)
		return []*policy.UniqueIndex{{Name: policy.PrimaryKey, Fields: p.Schema.PrimaryFields}}
	}
	return p.Meets()
}

// targetOf is the index that a conflict target is on.
func targetOf(p *policy.Policy, columns []clause.Column) *policy.UniqueIndex {
	parts := make([]string, len(columns))
	var fields []*schema.Field
	for i, column := range columns {
		parts[i] = column.Name
		if field := p.Schema.LookUpField(column.Name); field != nil && field.DBName != "" {
			parts[i], fields = field.DBName, append(fields, field)
		}
	}
	if len(fields) == len(columns) {
		return &policy.UniqueIndex{Fields: fields}
	}
	return p.ComputedOn("", parts)
}

// byKeyAmong tells whether one of the indexes is the primary key, and whether it is the only one.
func byKeyAmong(p *policy.Policy, indexes []*policy.UniqueIndex) (alone, too bool) {
	for _, index := range indexes {
		too = too || len(index.Parts) == 0 && slices.Equal(index.Fields, p.Schema.PrimaryFields)
	}
	return too && len(indexes) == 1, too
}

// keysOf reads what the rows of a create statement have in an index's fields.
func keysOf(stmt *gorm.Statement, index *policy.UniqueIndex) (keys [][]any) {
	eachCreated(stmt, func(row created) {
		key := make([]any, 0, len(index.Fields))
		for _, field := range index.Fields {
			value, ok := row.value(field)
			if !ok && len(index.Parts) == 0 {
				return
			}
			if !ok {
				value = nil
			}
			key = append(key, value)
		}
		keys = append(keys, key)
	})
	return keys
}

// among writes the condition that a row of the table, which is the only one that the statement reads, has one of the keys.
func (m meeting) among(q *statement.Query, p *policy.Policy, table string, keys [][]any) *statement.Query {
	if len(m.Parts) == 0 {
		return q.KeyAmong(statement.Table{Name: table}, m.Fields, keys)
	}
	q.Text("(")
	m.parts(q, p)
	q.Text(") IN (SELECT ")
	m.parts(q, p)
	// The columns give the values their types.
	q.Text(" FROM (SELECT ").Columns("", m.Fields).Text(" FROM ").Name(table).Text(" WHERE 1 = 0")
	for _, key := range keys {
		q.Text(" UNION ALL SELECT ")
		statement.Joined(q, key, ", ", func(value any) { q.Bind(value) })
	}
	return q.Text(") AS softdelete_given)")
}

// parts writes the columns and expressions of the index.
func (m meeting) parts(q *statement.Query, p *policy.Policy) {
	if len(m.Parts) == 0 {
		q.Columns("", m.Fields)
		return
	}
	statement.Joined(q, m.Parts, ", ", func(part string) {
		if p.Schema.FieldsByDBName[part] != nil {
			part = q.Quoted("", part)
		}
		q.Text(part)
	})
}

// alone adds the condition that no live row of the table has the same as the deleted one: where one has, the database's index leaves deleted
// rows out, and it is the live one that the upsert has met, or made.
func (m meeting) alone(q *statement.Query, p *policy.Policy, keys [][]any) {
	whole := slices.ContainsFunc(p.Whole, func(index *policy.UniqueIndex) bool { return dialect.SameSet(index.Columns(), m.Columns()) })
	if p.Predicates.Live == nil || len(m.Parts) == 0 && whole {
		return
	}
	q.Text(" AND (")
	m.parts(q, p)
	q.Text(") NOT IN (SELECT ")
	m.parts(q, p)
	m.among(q.Text(" FROM ").Name(p.Table).Text(" WHERE "), p, p.Table, keys)
	statement.WriteAnd(q, p.Predicates.Live, "")
	q.Text(")")
}

// chunks calls each for the keys, few at a time where each is bound.
func (m meeting) chunks(each func(keys [][]any) error) error {
	size := statement.ChunkSize
	if len(m.Parts) > 0 {
		size = max(1, computedAtOnce/max(1, len(m.Fields)))
	}
	for chunk := range slices.Chunk(m.keys, size) {
		if err := each(chunk); err != nil {
			return err
		}
	}
	return nil
}

// computedAtOnce is how many values are bound at once: SQLite takes 500 parts of a compound SELECT.
const computedAtOnce = 100
