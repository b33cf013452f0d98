package erasure

import (
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room lists the tables of erasures, and clears what the plugin's other tables say about rows in free text.

// Tables are the plugin's own tables for erasures.
func Tables() []any {
	return []any{&certificate.Row{}, &certificate.Head{}, &erasedrow.Row{}, &certificate.OutboxRow{}, &erasureProgress{}}
}

// clearTexts clears the free texts of the ledger of deletions for the rows, and those of holds on them that have ended.
func (x *erasure) clearTexts(tx statement.Session, list []*reachedModel) error {
	ledger, err := tx.Dialect.SameName(tx.InWork(tx.Statement.Context).DB, deletion.LedgerTable.Name())
	if err != nil {
		return err
	}
	deletions := x.eraser.Deletions || ledger != ""
	holds, err := x.eraser.Holds.There(tx)
	if err != nil {
		return err
	}
	for _, m := range list {
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			keys, logged := make([][]any, len(chunk)), make([]string, len(chunk))
			for i, row := range chunk {
				keys[i], logged[i] = erasedrow.Primary(m.Place, row), row.Log
			}
			return x.clearTextsOf(tx, m, keys, logged, deletions, holds, func(q *statement.Query) {
				if id := m.Policy.ID; id != nil && m.Marks() { // a deletion of several root rows names no key
					table := m.Table()
					q.Text(" OR ").Name("id").Text(" IN (SELECT ").Column(table, id.DBName).Text(" FROM ").Name(table).Text(" WHERE ")
					erasedrow.KeysIn(q, m.Place, table, chunk).Text(")")
				}
			})
		})
		if err != nil {
			return err
		}
		err = statement.Chunks(m.gone, func(chunk []goneRow) error {
			keys := make([][]any, len(chunk))
			for i, row := range chunk {
				_, values, err := rowkey.Of(tx.Dialect, m.Policy.Schema.PrimaryFields).Read(tx.Statement.Context, row.log)
				if err != nil {
					return err
				}
				keys[i] = values
			}
			return x.clearTextsOf(tx, m, keys, goneKeys(chunk), deletions, holds, func(*statement.Query) {})
		})
		if err != nil {
			return err
		}
	}
	return x.cold.clearTexts(tx, deletions, holds)
}

// clearTextsOf does so for rows with such keys, in the model's table and in its log. taken writes further deletions.
func (x *erasure) clearTextsOf(
	tx statement.Session, m *reachedModel, keys [][]any, logged []string, deletions, holds bool, taken func(*statement.Query),
) error {
	if deletions {
		err := x.clearDeletions(tx, m.Policy, keys, func(q *statement.Query) {
			taken(q)
			if m.Log() != nil { // nor does one that another has followed stand in the row
				q.Text(" OR ").Name("id").Text(" IN (SELECT deletion_id FROM ").Name(m.Policy.Log.Events).Text(" AS l WHERE ")
				LoggedKeysIn(q, "l", logged).Text(" AND deletion_id IS NOT NULL)")
			}
		})
		if err != nil {
			return err
		}
	}
	if !holds {
		return nil
	}
	return x.eraser.Holds.Forget(tx, m.Policy, keys)
}

// clearDeletions clears the ledger of deletions for rows with such keys, and for the deletions that taken writes.
func (x *call) clearDeletions(tx statement.Session, p *policy.Policy, keys [][]any, taken func(*statement.Query)) error {
	q := deletion.LedgerTable.Update(tx).Name("actor").Text(" = '', ").Name("reason").Text(" = ''")
	q.Text(" WHERE ").Name("table").Text(" = ").Bind(p.Table).Text(" AND ")
	key := rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)
	var texts []string
	for _, values := range keys {
		texts = append(texts, deletion.LedgerKeys(key, values)...)
	}
	// A caller may have deleted the row by other letters, which the database takes for the same.
	alike, err := x.eraser.Folding.Others(tx, p.Table, p.Schema.PrimaryFields, keys, statement.Other{
		Table: deletion.LedgerTable.Name(), Column: "key",
		Where: func(q *statement.Query) { q.Name("table").Text(" = ").Bind(p.Table) },
		Read: func(text string) ([]any, error) {
			_, values, err := key.Read(tx.Statement.Context, text)
			return values, err
		},
	})
	if err != nil {
		return deletion.LedgerError(err)
	}
	for _, a := range alike {
		texts = append(texts, a.Text)
	}
	taken(q.Among("", "key", statement.Values(texts)))
	_, err = q.Exec()
	return deletion.LedgerError(err)
}
