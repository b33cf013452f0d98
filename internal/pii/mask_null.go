package pii

import (
	"context"
	"database/sql"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// nullMask is null: the column becomes NULL.
type nullMask struct {
	inSQL
	whole
}

func newNull(string) Mask { return nullMask{} }

func (m nullMask) Strategy() string { return "null" }

func (m nullMask) Fits(c *columnFacts) (Mask, string) { return m, c.checkNull() }

func (m nullMask) Written() writtenValue { return writtenValue{null: true} }

func (m nullMask) SQL(q *statement.Query) { q.Text("NULL") }

func (m nullMask) Of(context.Context, Row) (any, error) { return nil, nil }

func (m nullMask) Left(_, now sql.NullString, _ func(string) bool) bool { return now.Valid }
