package write

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room makes an upsert's conflict target name the index that it means: one over live rows is told by its predicate too.

// aimed is a conflict clause with the predicate of the narrowed index that its target means. A constraint that became an index is
// meant by its columns.
func aimed(c clause.OnConflict, stmt *gorm.Statement, p *policy.Policy) clause.OnConflict {
	if field := becameIndex(c.OnConstraint, stmt, p); field != nil {
		c.OnConstraint, c.Columns = "", []clause.Column{{Name: field.DBName}}
	}
	if len(c.TargetWhere.Exprs) == 0 && c.OnConstraint == "" && targetsNarrowed(p, c.Columns) {
		c.TargetWhere = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: p.Predicates.Live.Of("")}}}
	}
	return c
}

// becameIndex is the field whose constraint of a name an index over live rows has replaced; nil for none.
func becameIndex(constraint string, stmt *gorm.Statement, p *policy.Policy) *schema.Field {
	if constraint == "" {
		return nil
	}
	for column := range p.WasUnique {
		for _, table := range []string{p.Schema.Table, stmt.Table, dialect.LastName(p.Table)} {
			if constraint == stmt.DB.NamingStrategy.UniqueName(table, column) || constraint == table+"_"+column+"_key" {
				return p.Schema.FieldsByDBName[column]
			}
		}
	}
	return nil
}

// targetsNarrowed tells whether the target is that of a unique index over live rows.
func targetsNarrowed(p *policy.Policy, columns []clause.Column) bool {
	target := make([]string, len(columns))
	for i, column := range columns {
		target[i] = column.Name
		if field := p.Schema.LookUpField(column.Name); field != nil {
			target[i] = field.DBName
		}
		target[i] = policy.Target(target[i])
	}
	return slices.ContainsFunc(p.Narrowed, func(index []string) bool {
		return len(index) == len(target) && !slices.ContainsFunc(target, func(part string) bool { return !slices.Contains(index, part) })
	})
}

// AimUntold does so for a statement without a model, on the table of a model that is known: its rows are not looked at, but its
// upsert means the same index.
func (g *Guards) AimUntold(stmt *gorm.Statement) {
	c, ok := onConflict(stmt)
	if !ok || stmt.Schema != nil {
		return
	}
	for _, p := range g.All() {
		if p.Canonical && p.Err == nil && p.Column() != nil && g.Dialect.EqualNames(p.Table, stmt.Table) {
			stmt.AddClause(aimed(c, stmt, p))
			return
		}
	}
}
