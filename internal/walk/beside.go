package walk

import (
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Under writes FROM and WHERE of the rows, by the alias child, that a relation beside the graph leads to from rows of the walk, by
// the alias parent.
func (w *Walk) Under(q *statement.Query, e *policy.Edge, parent, child string) {
	q.Text(" FROM ").Name(e.Child.DeletedTable()).Text(" AS ", child, ", ")
	w.From(q, e.From.Component).Text(" AS ", parent, " WHERE ")
	match(e, q, parent, child)
}
