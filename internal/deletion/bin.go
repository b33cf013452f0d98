package deletion

import (
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for Unscoped deletions that are about deleted rows alone: they empty the bin.

// openBin makes the statement of such a deletion delete from the archive, where its model has one.
func (d *deletion) openBin() {
	if !d.bin || !d.root.Archives() {
		return
	}
	d.target = statement.Table{Name: d.root.DeletedTable(), Alias: statement.TableAlias(d.stmt)}
	d.closed = &closedBin{d.stmt.TableExpr, d.stmt.Table, d.stmt.Clauses[clause.Delete{}.Name()]}
	quote := func(name string) string { return statement.QuoteName(d.stmt.DB, name) }
	d.beginDelete()
	d.stmt.Table, d.stmt.TableExpr = d.target.Alias, &clause.Expr{SQL: quote(d.target.Name) + " AS " + quote(d.target.Alias)}
}

// beginDelete begins the statement's DELETE, with the alias of its table where that is to be said there.
func (d *deletion) beginDelete() {
	named := ""
	if d.target.Alias != "" {
		named = d.deleter.Dialect.DeleteAs(statement.QuoteName(d.stmt.DB, d.target.Alias))
	}
	if named == "" {
		d.stmt.AddClauseIfNotExists(clause.Delete{})
		return
	}
	d.stmt.AddClause(clause.Delete{Modifier: named})
}

// closedBin is the table that a statement had before its bin was opened, and how its DELETE began.
type closedBin struct {
	expr  *clause.Expr
	name  string
	began clause.Clause
}

// targetPlace is where the root rows lie.
func (d *deletion) targetPlace() policy.Place {
	if d.closed != nil {
		return d.root.DeletedPlace()
	}
	return d.root.Home()
}

// closeBin puts the statement's table back.
func (d *deletion) closeBin() {
	if d.closed != nil {
		d.stmt.TableExpr, d.stmt.Table = d.closed.expr, d.closed.name
		d.stmt.Clauses[clause.Delete{}.Name()] = d.closed.began
		d.closed = nil
	}
}

// onlyBin narrows the statement to deleted rows, where they lie among the live ones. What others have added since it did so counts
// beside it, not as an alternative.
func (d *deletion) onlyBin() {
	if !d.bin || d.root.Archives() {
		return
	}
	scope.WithdrawFilter(d.stmt)
	deleted := d.root.Predicates.Deleted
	if deleted == nil {
		deleted = statement.Predicate{"1 = 0"} // a model that keeps no deleted rows
	}
	scope.AddFilter(d.stmt, scope.WhereOf(deleted))
}

// withoutHeirs writes AND and the condition that no other row has the key of an archived one which goes for good: rows under that
// key may be the other's, so they stay.
func (d *deletion) withoutHeirs(q *statement.Query) {
	if !d.bin || !d.root.Archives() {
		return
	}
	fields := d.root.Schema.PrimaryFields
	q.Text(" AND NOT EXISTS (SELECT 1 FROM ").Name(d.root.Table).Text(" AS softdelete_heir WHERE ")
	statement.Joined(q, fields, " AND ", func(field *schema.Field) {
		q.Column("softdelete_heir", field.DBName).Text(" = ").Column(d.target.Alias, field.DBName)
	})
	q.Text(") AND ").Key(d.target.Alias, fields).Text(" NOT IN (SELECT ").Columns(d.target.Alias, fields).Text(" FROM ").Table(d.target)
	q.Text(" WHERE CASE WHEN ")
	d.rootCondition(q)
	q.Text(" THEN 0 ELSE 1 END = 1)")
}

// isBin tells whether a delete statement is about deleted rows alone.
func isBin(stmt *gorm.Statement) bool { return stmt.Unscoped && scope.OnlyDeletedRows(stmt) }
