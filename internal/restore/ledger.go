package restore

import (
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// markLedger notes in the ledger when the deletions whose root rows come back were restored. It runs before the rows lose
// their marks.
func (r *restoration) markLedger(tx statement.Session) error {
	if !r.restorer.Ledger {
		return nil
	}
	root := r.graph.NodeOf(r.root)
	q := tx.Query().Update(deletion.LedgerTable.Name()).Name("restored_at").Text(" = ").Bind(tx.NowFunc().UTC())
	q.Text(" WHERE ").Name("restored_at").Text(" IS NULL AND ")
	if r.deletion != "" {
		_, err := q.Name("id").Text(" = ").Bind(r.deletion).Exec()
		return deletion.LedgerError(err)
	}
	table := "t"
	q.Name("table").Text(" = ").Bind(r.root.Table).Text(" AND ")
	switch {
	case r.root.ID != nil:
		q.Name("id").Text(" IN (")
		r.with(q)
		q.Text("SELECT ").Column(table, r.root.ID.DBName)
	case r.root.At == nil: // without a mark only the key tells
		q.Name("key").Text(" IN (")
		r.with(q)
		erasedrow.RowKey(q.Text("SELECT "), r.root.Schema, table)
	default:
		deletedAt := q.Dialect.Nanoseconds(statement.QuoteName(tx.DB, "deleted_at"), dialect.Native, 0)
		instant := walk.Instant(q, r.root, func(field *schema.Field) string { return q.Quoted(table, field.DBName) })
		q.Text(deletedAt, " IN (")
		r.with(q)
		q.Text("SELECT ", instant)
	}
	q.Text(" FROM ")
	r.from(q, root)
	q.Text(" AS t WHERE ")
	r.comingBack(q, root, table)
	_, err := q.Text(")").Exec()
	return deletion.LedgerError(err)
}
