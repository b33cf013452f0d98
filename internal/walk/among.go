package walk

import (
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for how rows are looked up by the keys that a walk has.

// Among writes the condition that the columns which tell a model's row are among what a SELECT gives. Of an archive that was
// empty when it was last looked at the planner expects one row still, and of a WITH table any number: it would compare each row
// with each. It is told to look them up by the row's address, or else by the first column of the key, and to compare the others
// with a list.
func (w *Walk) Among(q *statement.Query, p *policy.Policy, table string, selected func()) {
	identity := w.Identity(p)
	among := func(open, shut string) {
		q.Key(table, identity).Text(open)
		selected()
		q.Text(shut)
	}
	open, shut := q.Dialect.Among()
	switch {
	case w.Addressed[p], len(identity) == 1:
		among(open, shut)
		return
	case len(identity) == len(p.Schema.PrimaryFields):
		among(" IN (", ")")
		return
	case q.Dialect.Has(dialect.FirstIndex):
		// Of the walk's own table, whose rows it would look up again for each row, a list is made first.
		last := len(identity) - 1 // the deletion, by which an index finds all rows
		q.Text("(").Columns(table, identity[:last]).Text(", COALESCE(").Columns(table, identity[last:]).Text(")) IN " +
			"(SELECT * FROM (SELECT DISTINCT softdelete_chosen.* FROM (")
		selected()
		q.Text(") AS softdelete_chosen) AS softdelete_list)")
		return
	case !q.Dialect.Has(dialect.Estimates):
		among(" IN (", ")")
		return
	}
	q.Column(table, identity[0].DBName).Text(open, "SELECT softdelete_chosen.softdelete_key FROM (")
	selected()
	q.Text(") AS softdelete_chosen (softdelete_key)", shut, " AND ").Opaque(func() { among(" IN (", ")") })
}
