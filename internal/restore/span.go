package restore

import (
	"database/sql"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room gives archived root rows that were archived one after another a name by which every further statement finds them at once:
// the first and the last of their numbers. Where as many rows were found as there are numbers between these, the rows with these
// numbers are those rows and no others, since a number is that of one row.

// span is that name.
type span struct {
	column      string // of the numbers
	first, last int64
}

// write writes the condition that a row is one of those, by its table's name or alias.
func (s *span) write(q *statement.Query, table string) {
	q.Column(table, s.column).Text(" BETWEEN ").Bind(s.first).Text(" AND ").Bind(s.last)
}

// numbered gives the column of the numbers of archived root rows.
func (r *restoration) numbered() (column string, ok bool) {
	if r.deletion != "" || r.graph.Wide {
		return "", false
	}
	return r.root.DeletedPlace().Number()
}

// setSpan notes the numbers of the root rows that were found.
func (r *restoration) setSpan(column string, first, last sql.NullInt64, rows int64) {
	if first.Valid && last.Int64-first.Int64+1 == rows {
		r.span = &span{column, first.Int64, last.Int64}
	}
}

// spanned tells whether the span says which rows of a node come back.
func (r *restoration) spanned(n *policy.Node) bool {
	return r.span != nil && !r.holds && n.Policy == r.root && len(n.In)+len(n.Inner) == 0
}

// once tells whether rows of a node that come back cannot share a value of an index, since that has their key: of a key that was
// archived several times one row comes back.
func (r *restoration) once(n *policy.Node, index *policy.UniqueIndex) bool {
	return r.deletion == "" && n.Policy == r.root && n.Policy.Archives() && len(n.In)+len(n.Inner) == 0 &&
		!slices.ContainsFunc(n.Policy.Schema.PrimaryFields, func(f *schema.Field) bool { return !slices.Contains(index.Fields, f) })
}
