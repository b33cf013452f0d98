package erasure

import (
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room notes the rows that an erasure has masked or removed in cold storage: as erased rows that are gone, which no stale
// value brings back, and in the ledger of deletions, whose free texts about them go. A Thaw notes those that it brings back.

// eachErased calls each for the rows of every table that this transaction erases in cold storage.
func (x *coldStorage) eachErased(each func(m *coldModel, rows []*coldRow) error) error {
	if x == nil || x.skipsCold() {
		return nil
	}
	for _, m := range x.models {
		for _, batch := range m.batches {
			var rows []*coldRow
			for _, row := range batch {
				if row.rewrites {
					rows = append(rows, row)
				}
			}
			if err := statement.Chunks(rows, func(chunk []*coldRow) error { return each(m, chunk) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// record notes rows as erased and gone. What is known of a row of the table with the key says more.
func (x *coldStorage) record(tx statement.Session) error {
	at := tx.NowFunc().UTC()
	return x.eachErased(func(m *coldModel, rows []*coldRow) error {
		if !m.Policy.Personal.Erases() {
			return nil
		}
		list := make([]erasedrow.Row, len(rows))
		for i, row := range rows {
			list[i] = erasedrow.Row{
				Table: m.Policy.Table, Key: row.Text, Created: row.Created, RequestID: x.request.ID, ErasedAt: at, Gone: true,
			}
		}
		return x.recorder.quietly(tx, erasedrow.Table.InsertMissing(tx, list...))
	})
}

// clearTexts clears the free texts of the ledger of deletions and of holds that have ended for rows in cold storage.
func (x *coldStorage) clearTexts(tx statement.Session, deletions, holds bool) error {
	return x.eachErased(func(m *coldModel, rows []*coldRow) error {
		keys := make([][]any, len(rows))
		var known []any
		for i, row := range rows {
			if keys[i] = row.Key; row.deletion != "" {
				known = append(known, row.deletion)
			}
		}
		if deletions {
			err := x.clearDeletions(tx, m.Policy, keys, func(q *statement.Query) {
				if len(known) > 0 { // a deletion of several root rows names no key
					q.Text(" OR ").Among("", "id", known)
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
	})
}

// RecordThawed notes those thawed rows as erased that an erasure has masked in cold storage.
func (e *Eraser) RecordThawed(tx statement.Session, p *policy.Policy, rows []map[string]any, keys [][]any) error {
	byRequest := map[string][]erasedrow.ReachedRow{}
	for i, row := range rows {
		if m := cold.MarkOf(row); m.Request != "" {
			byRequest[m.Request] = append(byRequest[m.Request], erasedrow.ReachedRow{Key: keys[i]})
		}
	}
	if len(byRequest) == 0 {
		return nil
	}
	if err := e.Records.Need(tx); err != nil {
		return err
	}
	for request, erased := range byRequest {
		if err := statement.Chunks(erased, func(chunk []erasedrow.ReachedRow) error { return recordThawedRows(tx, p, request, chunk) }); err != nil {
			return err
		}
	}
	return nil
}

func recordThawedRows(tx statement.Session, p *policy.Policy, request string, rows []erasedrow.ReachedRow) error {
	t := p.Home()
	found, err := erasedrow.ReachedRows(erasedrow.KeysIn(erasedrow.SelectRows(tx.Query(), t).Text(" WHERE "), t, t.Table(), rows), t)
	if err != nil {
		return err
	}
	digests, err := erasedrow.Digests(tx, t, found)
	if err != nil {
		return err
	}
	list := make([]erasedrow.Row, len(found))
	for i, row := range found {
		list[i] = erasedrow.Row{
			Table: t.Table(), Key: row.Text, Created: row.Created, RequestID: request, ErasedAt: tx.NowFunc().UTC(), Digest: digests[row.Text],
		}
	}
	return erasedrow.Table.Put(tx, list...)
}
