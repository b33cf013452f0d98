package softdelete

import (
	"fmt"
	"time"

	"gorm.io/gorm"
)

// This room finds the rows of a person in cold storage. One batch at a time is in memory.

// tidyCold removes what crashes have left in the store, which may be the person's.
func (x *erasure) tidyCold(tx *gorm.DB) (err error) {
	if x.cold == nil {
		return nil
	}
	if store, ok := x.cold.store.(coldTidier); ok {
		if x.cold.spared, err = store.Tidy(tx.Statement.Context); err != nil {
			return x.coldError("remove its leftovers", err)
		}
	}
	return nil
}

// searchCold reads the batches until a pass finds no further row of the person. A batch is read again only where others have
// led to rows that it may belong to.
func (x *erasure) searchCold(tx *gorm.DB) (found bool, err error) {
	for more := true; more; found = found || more {
		more = false
		for _, m := range x.cold.models {
			fresh, err := x.searchTable(tx, m)
			if err != nil {
				return false, err
			}
			more = more || fresh
		}
	}
	return found, nil
}

func (x *erasure) searchTable(tx *gorm.DB, m *coldModel) (found bool, err error) {
	fresh := func(id string) bool {
		at, searched := x.cold.searched[m][id]
		return !searched || at < x.cold.known[m.policy]
	}
	err = x.eachBatch(tx, m, fresh, func(batch ColdBatch) error {
		known := x.cold.known[m.policy]
		rows := map[int]*coldRow{}
		m.others[batch.ID] = 0
		for i, row := range batch.Rows {
			switch {
			case m.batches[batch.ID][i] != nil:
			case x.belongs(m.policy, row):
				rows[i] = x.coldRow(m, row)
			case m.policy == x.root && x.hasSubjectKey(row):
				m.others[batch.ID]++
			}
		}
		x.cold.searched[m][batch.ID] = known
		if len(rows) == 0 {
			return nil
		}
		found = true
		if m.batches[batch.ID] == nil {
			m.batches[batch.ID] = map[int]*coldRow{}
		}
		m.sizes[batch.ID] = len(batch.Rows)
		if err := x.judgeColdRows(tx, m, batch, rows); err != nil {
			return err
		}
		for i, row := range rows {
			m.batches[batch.ID][i] = row
			x.ownsRows(m.policy, batch.Rows[i])
		}
		return nil
	})
	return found, err
}

// eachBatch reads those batches of a table that are wanted.
func (x *erasure) eachBatch(tx *gorm.DB, m *coldModel, wanted func(id string) bool, each func(ColdBatch) error) error {
	ctx := tx.Statement.Context
	ids, err := x.cold.store.Batches(ctx, m.table)
	if err != nil {
		return x.coldError("list the batches of table "+m.table, err)
	}
	for _, id := range ids {
		if !wanted(id) {
			continue
		}
		batch, err := x.cold.store.Get(ctx, id)
		if err != nil {
			return x.coldError("read the batch "+id, err)
		}
		if batch.ID != id || batch.Table != m.table {
			return x.coldError("read the batch "+id, fmt.Errorf("it gave the batch %q of table %s", batch.ID, batch.Table))
		}
		if err := each(batch); err != nil {
			return err
		}
	}
	return nil
}

// coldRow reads what an erasure needs to know of a row.
func (x *erasure) coldRow(m *coldModel, row map[string]any) *coldRow {
	r := &coldRow{reachedRow: x.coldIdentity(m.policy, row), mark: coldMarkOf(row), under: m.parentKeys(row)}
	if field := m.policy.id; field != nil && row[field.DBName] != nil {
		r.deletion = textOf(row[field.DBName])
	}
	return r
}

// judgeColdRows tells what is to be done with rows of a batch. One that a request has masked which never got its certificate
// is rewritten: a crash may have left the old rows beside it. One that was erased in the database before it was purged stays.
func (x *erasure) judgeColdRows(tx *gorm.DB, m *coldModel, batch ColdBatch, rows map[int]*coldRow) error {
	var unmarked []int
	for i, r := range rows {
		if r.mark.request == "" {
			unmarked = append(unmarked, i)
			continue
		}
		certified, err := x.isCertified(tx, r.mark.request)
		if err != nil {
			return err
		}
		r.rewrites = !certified
		done := x.progress != nil && r.mark.request == x.request.ID && r.mark.step < x.progress.Batches // by an earlier transaction
		r.counts = !certified && !done
	}
	return chunks(unmarked, func(chunk []int) error {
		erased, err := x.erasedBeforePurge(tx, m, batch, rows, chunk)
		if err != nil {
			return err
		}
		for _, i := range chunk {
			r := rows[i]
			r.rewrites = !erased[i] && (m.policy.erases() || m.hasTexts(batch.Rows[i]))
			r.counts = r.rewrites
		}
		return nil
	})
}

func (x *erasure) isCertified(tx *gorm.DB, request string) (bool, error) {
	certified, known := x.cold.certified[request]
	if !known {
		c, err := x.engine.certificateOf(tx, request)
		if err != nil {
			return false, err
		}
		certified = c != nil
		x.cold.certified[request] = certified
	}
	return certified, nil
}

// erasedBeforePurge tells which rows, by their places in a batch, were erased while they were in the database and still are as
// that left them.
func (x *erasure) erasedBeforePurge(tx *gorm.DB, m *coldModel, batch ColdBatch, rows map[int]*coldRow, chunk []int) (map[int]bool, error) {
	erased := map[int]bool{}
	known, err := x.engine.erasuresKnown(tx)
	if err != nil || !known || m.policy.personal == nil || m.policy.personal.remove {
		return erased, err
	}
	t := place{m.policy, m.policy.archives()}
	asked := make([]reachedRow, len(chunk))
	own := make([]reachedRow, len(chunk))
	for n, i := range chunk {
		asked[n] = rows[i].reachedRow
		own[n] = rows[i].reachedRow
		if t.archived {
			own[n].text += archivedMark + rows[i].deletion
		}
	}
	former, err := x.engine.erasedRows(tx, m.policy.schema.Table, asked)
	if err != nil {
		return nil, err
	}
	recorded := former
	if t.archived {
		if recorded, err = x.engine.erasedRows(tx, m.table, own); err != nil {
			return nil, err
		}
	}
	for n, i := range chunk {
		digest := t.digestOf(batch.Rows[i])
		for _, record := range []erasedRow{recorded[own[n].text], former[asked[n].text]} {
			same := record.Digest == digest && x.engine.sameMoment(record.Created, rows[i].created)
			tells := !t.archived || record.Table == m.table || record.Created != 0
			erased[i] = erased[i] || same && tells && !record.Gone
		}
	}
	return erased, nil
}

// digestOf is the hash that engine.digests gives for a row, as far as its values have the same text in the program.
func (t place) digestOf(row map[string]any) string {
	fields := t.digested()
	values := make([]any, len(fields))
	for i, field := range fields {
		values[i] = row[field.DBName]
	}
	return digestOfValues(fields, values)
}

// findColdSubject finds a subject whose row is in cold storage only: of several the one that was made last.
func (x *erasure) findColdSubject(tx *gorm.DB) (found bool, err error) {
	if x.cold == nil {
		return false, nil
	}
	for _, m := range x.cold.models {
		if m.policy != x.root {
			continue
		}
		err := x.eachBatch(tx, m, func(string) bool { return true }, func(batch ColdBatch) error {
			for _, row := range batch.Rows {
				if !x.hasSubjectKey(row) {
					continue
				}
				r := x.coldIdentity(x.root, row)
				if !found || r.created > x.row.created {
					x.row, x.text = r, keyText(r.key)
				}
				found = true
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	x.row.key = nil // no row of a table
	return found, nil
}

// coldIdentity is the row as the database would tell it.
func (x *erasure) coldIdentity(p *policy, row map[string]any) (r reachedRow) {
	var parts []string
	for _, field := range p.schema.PrimaryFields {
		r.key = append(r.key, row[field.DBName])
		value, _ := plainValue(row[field.DBName])
		parts = append(parts, x.engine.rowKeyPart(field, value))
	}
	r.text = rowKeyText(parts)
	if field := creation(p.schema); field != nil {
		r.created, _ = creationOf(creationTime(row[field.DBName]))
	}
	return r
}

// creationTime is a time of creation as a value of time, where the driver gives it as text.
func creationTime(value any) any {
	switch value.(type) {
	case string, []byte:
		if at, ok := parseTime(textOf(value)); ok {
			return at
		}
	}
	return value
}

// parseTime reads the forms in which databases keep times as text.
func parseTime(text string) (at time.Time, ok bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return at, false
}
