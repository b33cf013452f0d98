package restore

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for a caller's statement that says more than conditions: which tables are joined, and how many of the rows come back.

// choice is that part of the statement.
type choice struct {
	joins []clause.Join
	order clause.Expression // nil for none
	limit clause.Expression // Limit and Offset, nil for none
}

// readChoice takes it from the caller's statement, and refuses what has no meaning for rows that come back.
func (r *restoration) readChoice(stmt *gorm.Statement) error {
	if _, grouped := stmt.Clauses["GROUP BY"]; grouped {
		return fmt.Errorf("%w: a restore of %s cannot be grouped: Group and Having make rows of several; find the keys first, and restore by these",
			fault.ErrUnsupported, r.root.Schema.Name)
	}
	r.choice.joins = scope.JoinsOfSession(stmt)
	r.choice.order = stmt.Clauses["ORDER BY"].Expression
	if limit, ok := stmt.Clauses["LIMIT"].Expression.(clause.Limit); ok && (limit.Limit != nil || limit.Offset > 0) {
		r.choice.limit = limit
	}
	return nil
}

// choose finds the rows that such a statement means. From here on they are the ones that were asked for.
func (r *restoration) choose(tx statement.Session) error {
	if r.choice.limit == nil && len(r.choice.joins) == 0 {
		return nil
	}
	s := r.root.Schema
	q := tx.Query().Text("SELECT ").Columns(r.target.Qualifier(), s.PrimaryFields).Text(" FROM ").Table(r.target)
	q.Stmt.Table, q.Stmt.Schema = r.called, s
	for _, join := range r.choice.joins {
		q.Text(" ").Expression(join)
	}
	q.Text(" WHERE ")
	r.rootCondition(q)
	statement.WriteAnd(q, r.root.Predicates.Deleted, r.target.Qualifier())
	if r.choice.order != nil {
		q.Text(" ORDER BY ").Expression(r.choice.order)
	}
	if r.choice.limit != nil {
		q.Text(" ").Expression(r.choice.limit)
	}
	keys, err := q.KeyValues(len(s.PrimaryFields))
	if err != nil {
		return err
	}
	r.where = []clause.Expression{clause.Expr{SQL: "1 = 0"}}
	if keys = rowkey.Of(tx.Dialect, s.PrimaryFields).Once(keys); len(keys) > 0 {
		r.where = []clause.Expression{r.target.KeysIn(tx.Dialect, s, keys)}
	}
	return nil
}
