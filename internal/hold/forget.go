package hold

import (
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room forgets what holds were for, once the person whose rows they were on is erased.

// Forget clears matter and who placed it of the holds on rows of a model that have ended. Those in force stay as they are.
func (h *Holds) Forget(tx statement.Session, p *policy.Policy, keys [][]any) error {
	key := rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)
	ended := func(q *statement.Query) {
		q.Name("table").Text(" = ").Bind(p.Table).Text(" AND (").Name("released_at").Text(" IS NOT NULL OR ")
		q.Name("until").Text(" <= ").Bind(tx.NowFunc().UTC()).Text(")")
	}
	// One that was placed on the row under other letters, which the database takes for the same.
	alike, err := h.Folding.Others(tx, p.Table, p.Schema.PrimaryFields, keys, statement.Other{
		Table: table.Name(), Column: "parts", Coded: true, Where: ended,
		Read: func(text string) ([]any, error) {
			return Row{Parts: text}.key(tx.Statement.Context, tx.Dialect, p.Schema)
		},
	})
	if err != nil {
		return holdError(err)
	}
	var parts []string
	for _, a := range alike {
		parts = append(parts, a.Text)
	}
	for _, values := range keys {
		parts = append(parts, exactly+key.Exact(values))
		if earlier, err := rowkey.EarlierParts(values); err == nil {
			parts = append(parts, earlier)
		}
	}
	q := table.Update(tx).Name("matter").Text(" = '', ").Name("placed_by").Text(" = '' WHERE ")
	ended(q)
	_, err = q.Text(" AND ").Among("", "parts", statement.Values(parts)).Exec()
	return holdError(err)
}
