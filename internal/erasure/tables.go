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
	table := deletion.Deletion{}.TableName()
	if !x.eraser.Deletions && !tx.InWork(tx.Statement.Context).Migrator().HasTable(table) {
		return nil
	}
	for _, m := range x.reach.rows {
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			q := tx.Query().Text("UPDATE ").Name(table).Text(" SET ").Name("actor").Text(" = '', ").Name("reason").Text(" = ''")
			q.Text(" WHERE ").Name("table").Text(" = ").Bind(m.Policy.Table).Text(" AND ").Name("key").Text(" IN (")
			key := rowkey.Of(tx.Dialect, m.Policy.Schema.PrimaryFields)
			statement.Joined(q, chunk, ", ", func(row erasedrow.ReachedRow) {
				statement.Joined(q, deletion.LedgerKeys(key, m.Primary(row)), ", ", func(text string) { q.Bind(text) })
			})
			q.Text(")")
			if id := m.Policy.ID; id != nil && m.Archived == m.Policy.Archives() { // a deletion of several root rows names no key
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
