package erasure

import (
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room lists the tables of erasures.

// Tables are the plugin's own tables for erasures.
func Tables() []any {
	return []any{&certificate.Row{}, &certificate.Head{}, &erasedrow.Row{}, &certificate.OutboxRow{}, &erasureProgress{}}
}

// clearDeletions clears the free texts of the ledger of deletions for the rows of this erasure.
func (x *erasure) clearDeletions(tx statement.Session) error {
	if !x.eraser.Deletions && !tx.InWork(tx.Statement.Context).Migrator().HasTable(deletion.LedgerTable.Name()) {
		return nil
	}
	for _, m := range x.reach.rows {
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			q := deletion.LedgerTable.Update(tx).Name("actor").Text(" = '', ").Name("reason").Text(" = ''")
			q.Text(" WHERE ").Name("table").Text(" = ").Bind(m.Policy.Table).Text(" AND ")
			key := rowkey.Of(tx.Dialect, m.Policy.Schema.PrimaryFields)
			var texts []string
			for _, row := range chunk {
				texts = append(texts, deletion.LedgerKeys(key, erasedrow.Primary(m.Place, row))...)
			}
			q.Among("", "key", statement.Values(texts))
			if id := m.Policy.ID; id != nil && m.Marks() { // a deletion of several root rows names no key
				table := m.Table()
				q.Text(" OR ").Name("id").Text(" IN (SELECT ").Column(table, id.DBName).Text(" FROM ").Name(table).Text(" WHERE ")
				erasedrow.KeysIn(q, m.Place, table, chunk).Text(")")
			}
			_, err := q.Exec()
			return deletion.LedgerError(err)
		})
		if err != nil {
			return err
		}
	}
	return x.cold.clearDeletions(tx)
}
