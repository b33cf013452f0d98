package softdelete

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// This room notes which rows an erasure has done.

// recordKey is the key of a record.
type recordKey struct{ table, key string }

// record notes the rows of this erasure as erased: those with masked columns, those that it removed, and the subject's.
func (x *erasure) record(tx *gorm.DB) error {
	at := tx.NowFunc().UTC()
	var list, former []erasedRow
	listed := map[recordKey]bool{}
	add := func(to *[]erasedRow, row erasedRow) {
		if key := (recordKey{row.Table, row.Key}); !listed[key] {
			listed[key] = true
			row.RequestID, row.ErasedAt = x.request.ID, at
			*to = append(*to, row)
		}
	}
	var archived []*reachedModel
	for _, m := range x.rows {
		erased := &reachedModel{place: m.place}
		for _, row := range m.rows {
			subject := m.policy == x.root && slices.ContainsFunc(x.subject[m.place], func(s reachedRow) bool { return s.text == row.text })
			if m.erased[row.text] && (m.policy.erases() || subject) {
				erased.rows = append(erased.rows, row)
			}
		}
		if m.archived {
			archived = append(archived, erased)
		}
		if m.removes() {
			for _, row := range erased.rows {
				add(&list, erasedRow{Table: m.table(), Key: row.text, Created: row.created, Gone: true})
			}
			continue
		}
		err := chunks(erased.rows, func(chunk []reachedRow) error {
			digests, err := x.engine.digests(tx, m.place, chunk)
			if err != nil {
				return err
			}
			if !m.archived && m.policy.archives() && x.deletion != "" {
				there := place{m.policy, true}
				rows, err := x.moved(tx, m, chunk)
				if err != nil {
					return err
				}
				moved, err := x.engine.digests(tx, there, rows)
				if err != nil {
					return err
				}
				for _, row := range rows {
					digests[there.formerText(row)] = moved[row.text]
					add(&list, erasedRow{Table: there.table(), Key: row.text, Created: row.created, Digest: moved[row.text]})
				}
			}
			for _, row := range chunk {
				add(&list, erasedRow{Table: m.table(), Key: row.text, Created: row.created, Digest: digests[row.text]})
			}
			return nil
		})
		if err != nil {
			return x.quiet(tx, err, "reading back", m.table())
		}
	}
	for _, m := range archived {
		for _, row := range m.rows {
			add(&former, erasedRow{Table: m.policy.schema.Table, Key: m.formerText(row), Created: row.created, Gone: true})
		}
	}
	if err := x.writeRecords(tx, list, clause.OnConflict{UpdateAll: true}); err != nil {
		return err
	}
	return x.writeRecords(tx, former, clause.OnConflict{DoNothing: true}) // what is known of a row of the model's table says more
}

func (x *erasure) writeRecords(tx *gorm.DB, list []erasedRow, conflict clause.OnConflict) error {
	session := inWork(tx, tx.Statement.Context).Session(&gorm.Session{NewDB: true, SkipHooks: true})
	for chunk := range slices.Chunk(list, erasureChunk) {
		if err := session.Clauses(conflict).Create(&chunk).Error; err != nil {
			return x.quiet(tx, err, "recording erased rows in", erasedRow{}.TableName())
		}
	}
	return nil
}
