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
	var parts []string
	for _, values := range keys {
		parts = append(parts, exactly+key.Exact(values))
		if earlier, err := rowkey.EarlierParts(values); err == nil {
			parts = append(parts, earlier)
		}
	}
	q := table.Update(tx).Name("matter").Text(" = '', ").Name("placed_by").Text(" = '' WHERE ").Name("table").Text(" = ").Bind(p.Table)
	q.Text(" AND ").Among("", "parts", statement.Values(parts)).Text(" AND (").Name("released_at").Text(" IS NOT NULL OR ")
	_, err := q.Name("until").Text(" <= ").Bind(tx.NowFunc().UTC()).Text(")").Exec()
	return holdError(err)
}
