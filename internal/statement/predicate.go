package statement

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Predicates are the conditions that tell a model's rows apart. A nil live or visible predicate holds for every row, a nil
// deleted one for none.
type Predicates struct {
	Live, Visible, Deleted Predicate
	// Lazy holds for rows that no deleted parent hides; nil where the model has no lazy relation.
	Lazy Predicate
}

// Reads is the condition of ordinary queries.
func (p Predicates) Reads() Predicate {
	if p.Visible != nil {
		return p.Visible.And(p.Lazy)
	}
	return p.Live.And(p.Lazy)
}

// Predicate is a condition on one row as literal SQL: indexes over live rows serve only queries that have the same literals
// (no bound value can stand there). It is cut wherever the row's table qualifies a column, so that it can be written for any
// alias without being put together again.
type Predicate []string

// NewPredicate makes a predicate from a format whose verbs are the row's columns, quoted.
func NewPredicate(format string, columns ...string) Predicate {
	const cut = "\x00"
	args := make([]any, len(columns))
	for i, column := range columns {
		args[i] = cut + column
	}
	return strings.Split(fmt.Sprintf(format, args...), cut)
}

func EscapePercent(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// And joins two predicates; a nil one holds always.
func (p Predicate) And(other Predicate) Predicate {
	switch {
	case p == nil:
		return other
	case other == nil:
		return p
	}
	last := len(p) - 1
	joined := append(Predicate{}, p[:last]...)
	joined = append(joined, p[last]+" AND "+other[0])
	return append(joined, other[1:]...)
}

// Of is the predicate for a table or alias that is quoted already. Without one the columns stand alone, as in an index.
func (p Predicate) Of(quotedTable string) string {
	if quotedTable != "" {
		quotedTable += "."
	}
	return strings.Join(p, quotedTable)
}

// Write writes the predicate for the statement's own table or alias.
func (p Predicate) Write(stmt *gorm.Statement) {
	table := TableAlias(stmt)
	for i, part := range p {
		if i > 0 {
			stmt.DB.Dialector.QuoteTo(&stmt.SQL, table)
			stmt.SQL.WriteByte('.')
		}
		stmt.SQL.WriteString(part)
	}
}
