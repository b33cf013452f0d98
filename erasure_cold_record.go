package softdelete

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// This room notes the rows that an erasure has masked or removed in cold storage: as erased rows that are gone, which no stale
// value brings back, and in the ledger of deletions, whose free texts about them go. A Thaw notes those that it brings back.

// eachErasedCold calls each for the rows of every table that this transaction erases in cold storage.
func (x *erasure) eachErasedCold(each func(m *coldModel, rows []*coldRow) error) error {
	if x.cold == nil || x.skipsCold() {
		return nil
	}
	for _, m := range x.cold.models {
		for _, batch := range m.batches {
			var rows []*coldRow
			for _, row := range batch {
				if row.rewrites {
					rows = append(rows, row)
				}
			}
			if err := chunks(rows, func(chunk []*coldRow) error { return each(m, chunk) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordCold notes rows as erased and gone. What is known of a row of the table with the key says more.
func (x *erasure) recordCold(tx *gorm.DB) error {
	at := tx.NowFunc().UTC()
	return x.eachErasedCold(func(m *coldModel, rows []*coldRow) error {
		if !m.policy.erases() {
			return nil
		}
		list := make([]erasedRow, len(rows))
		for i, row := range rows {
			list[i] = erasedRow{
				Table: m.policy.schema.Table, Key: row.text, Created: row.created, RequestID: x.request.ID, ErasedAt: at, Gone: true,
			}
		}
		return x.writeRecords(tx, list, clause.OnConflict{DoNothing: true})
	})
}

// clearColdDeletions clears the free texts of the ledger of deletions for rows in cold storage.
func (x *erasure) clearColdDeletions(tx *gorm.DB) error {
	table := Deletion{}.TableName()
	return x.eachErasedCold(func(m *coldModel, rows []*coldRow) error {
		q := newQuery(tx, x.engine.dialect).text("UPDATE ").name(table).text(" SET ").name("actor").text(" = '', ").name("reason").text(" = ''")
		q.text(" WHERE ").name("table").text(" = ").bind(m.policy.schema.Table).text(" AND ").name("key").text(" IN (")
		joined(q, rows, ", ", func(row *coldRow) { q.bind(keyText(row.key)) }).text(")")
		known := slices.DeleteFunc(slices.Clone(rows), func(row *coldRow) bool { return row.deletion == "" })
		if len(known) > 0 { // a deletion of several root rows names no key
			q.text(" OR ").name("id").text(" IN (")
			joined(q, known, ", ", func(row *coldRow) { q.bind(row.deletion) }).text(")")
		}
		_, err := q.exec()
		return ledgerError(err)
	})
}

// recordThawed notes those thawed rows as erased that an erasure has masked in cold storage.
func (e *engine) recordThawed(tx *gorm.DB, p *policy, rows []map[string]any, keys [][]any) error {
	byRequest := map[string][]reachedRow{}
	for i, row := range rows {
		if mark := coldMarkOf(row); mark.request != "" {
			byRequest[mark.request] = append(byRequest[mark.request], reachedRow{key: keys[i]})
		}
	}
	if len(byRequest) == 0 {
		return nil
	}
	if err := e.needErasureTables(tx); err != nil {
		return err
	}
	for request, erased := range byRequest {
		if err := chunks(erased, func(chunk []reachedRow) error { return e.recordThawedRows(tx, p, request, chunk) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) recordThawedRows(tx *gorm.DB, p *policy, request string, rows []reachedRow) error {
	t := place{p, false}
	found, err := newQuery(tx, e.dialect).selectRows(t).text(" WHERE ").keysIn(t, t.table(), rows).reachedRows(t)
	if err != nil {
		return err
	}
	digests, err := e.digests(tx, t, found)
	if err != nil {
		return err
	}
	list := make([]erasedRow, len(found))
	for i, row := range found {
		list[i] = erasedRow{
			Table: t.table(), Key: row.text, Created: row.created, RequestID: request, ErasedAt: tx.NowFunc().UTC(), Digest: digests[row.text],
		}
	}
	session := inWork(tx, tx.Statement.Context).Session(&gorm.Session{NewDB: true, SkipHooks: true})
	return session.Clauses(clause.OnConflict{UpdateAll: true}).Create(&list).Error
}
