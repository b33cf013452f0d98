package write

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for databases whose upserts name no index and have no condition: they change whichever row they meet, assignment by
// assignment, and what they count says nothing. There the values themselves keep deleted rows as they are.

// refusing is an upsert that fails as a whole where it meets a deleted row, before it has changed anything of it. It costs nothing where it
// meets none, and knows of each index that the table has.
func refusing(stmt *gorm.Statement, p *policy.Policy, c clause.OnConflict) clause.OnConflict {
	column := p.Column()
	if len(p.Schema.PrimaryFields) > 0 {
		column = p.Schema.PrimaryFields[0]
	}
	same := p.Dialect().Refuse(statement.QuoteName(stmt.DB, column.DBName), p.Predicates.Deleted.Of(""))
	first := clause.Assignment{Column: clause.Column{Name: column.DBName}, Value: refusal{same}}
	c.DoUpdates = append(clause.Set{first}, c.DoUpdates...) // to which GORM adds those of all columns
	return c
}

// refusal is the value that fails such an upsert, and else changes nothing.
type refusal struct{ sql string }

// Build implements clause.Expression.
func (r refusal) Build(builder clause.Builder) { _, _ = builder.WriteString(r.sql) }

// sparing is an upsert that changes those rows which fulfil a predicate, and leaves others. The column that the predicate is about comes
// last, since what is assigned shows in the assignments behind it.
func sparing(p *policy.Policy, c clause.OnConflict, rows statement.Predicate) clause.OnConflict {
	last := func(a clause.Assignment) int {
		if columnOf(p.Schema, a.Column.Name) == p.Column().DBName {
			return 1
		}
		return 0
	}
	c.DoUpdates = slices.Clone(c.DoUpdates)
	slices.SortStableFunc(c.DoUpdates, func(a, b clause.Assignment) int { return last(a) - last(b) })
	for i, a := range c.DoUpdates {
		c.DoUpdates[i].Value = spared{p.Dialect(), rows.Of(""), a}
	}
	return c
}

// spared is what an assignment of such an upsert writes.
type spared struct {
	dialect *dialect.Dialect
	rows    string
	clause.Assignment
}

// Build implements clause.Expression.
func (s spared) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	own := statement.QuoteName(stmt.DB, s.Column.Name)
	stmt.SQL.WriteString("CASE WHEN " + s.rows + " THEN ")
	if column, inserted := s.Value.(clause.Column); inserted && column.Table == "excluded" {
		stmt.SQL.WriteString(s.dialect.Inserted(statement.QuoteName(stmt.DB, column.Name)))
	} else {
		stmt.AddVar(stmt, s.Value)
	}
	stmt.SQL.WriteString(" ELSE " + own + " END")
}

// assignedBy are the assignments of an upsert as the caller gave them.
func assignedBy(c clause.OnConflict) (set clause.Set) {
	for _, a := range c.DoUpdates {
		switch value := a.Value.(type) {
		case refusal:
			continue
		case spared:
			a = value.Assignment
		}
		set = append(set, a)
	}
	return set
}
