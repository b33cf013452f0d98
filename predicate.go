package softdelete

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// predicates are the conditions that tell a model's rows apart. A nil live or visible predicate holds for every row, a nil
// deleted one for none.
type predicates struct {
	live, visible, deleted predicate
	// lazy holds for rows that no deleted parent hides; nil where the model has no lazy relation.
	lazy predicate
}

// reads is the condition of ordinary queries.
func (p predicates) reads() predicate {
	if p.visible != nil {
		return p.visible.and(p.lazy)
	}
	return p.live.and(p.lazy)
}

// predicate is a condition on one row as literal SQL: indexes over live rows serve only queries that have the same literals
// (no bound value can stand there). It is cut wherever the row's table qualifies a column, so that it can be written for any
// alias without being put together again.
type predicate []string

// newPredicate makes a predicate from a format whose verbs are the row's columns, quoted.
func newPredicate(format string, columns ...string) predicate {
	const cut = "\x00"
	args := make([]any, len(columns))
	for i, column := range columns {
		args[i] = cut + column
	}
	return strings.Split(fmt.Sprintf(format, args...), cut)
}

func escapePercent(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// and joins two predicates; a nil one holds always.
func (p predicate) and(other predicate) predicate {
	switch {
	case p == nil:
		return other
	case other == nil:
		return p
	}
	last := len(p) - 1
	joined := append(predicate{}, p[:last]...)
	joined = append(joined, p[last]+" AND "+other[0])
	return append(joined, other[1:]...)
}

// of is the predicate for a table or alias that is quoted already. Without one the columns stand alone, as in an index.
func (p predicate) of(quotedTable string) string {
	if quotedTable != "" {
		quotedTable += "."
	}
	return strings.Join(p, quotedTable)
}

// write writes the predicate for the statement's own table or alias.
func (p predicate) write(stmt *gorm.Statement) {
	table := tableAlias(stmt)
	for i, part := range p {
		if i > 0 {
			stmt.DB.Dialector.QuoteTo(&stmt.SQL, table)
			stmt.SQL.WriteByte('.')
		}
		stmt.SQL.WriteString(part)
	}
}
