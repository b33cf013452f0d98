package erasure

import (
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the rows of a person in cold storage. One batch at a time is in memory.

// tidy removes what crashes have left in the store, which may be the person's.
func (x *coldStorage) tidy(tx statement.Session) (err error) {
	if store, ok := x.store.(cold.Tidier); ok {
		if x.spared, err = store.Tidy(tx.Statement.Context); err != nil {
			return x.failed("remove its leftovers", err)
		}
	}
	return nil
}

// Search implements elsewhere.
func (x *coldStorage) Search(tx statement.Session) (found bool, err error) {
	if len(x.models) == 0 {
		return false, nil
	}
	if err := x.ownRows(tx); err != nil {
		return false, err
	}
	return x.search(tx)
}

// search reads the batches until a pass finds no further row of the person. A batch is read again only where others have
// led to rows that it may belong to.
func (x *coldStorage) search(tx statement.Session) (found bool, err error) {
	for more := true; more; found = found || more {
		more = false
		for _, m := range x.models {
			fresh, err := x.searchTable(tx, m)
			if err != nil {
				return false, err
			}
			more = more || fresh
		}
	}
	return found, nil
}

func (x *coldStorage) searchTable(tx statement.Session, m *coldModel) (found bool, err error) {
	fresh := func(id string) bool {
		at, searched := x.searched[m][id]
		return !searched || at < x.known[m.Policy]
	}
	err = x.eachBatch(tx, m, fresh, func(batch cold.Batch) error {
		known := x.known[m.Policy]
		rows := map[int]*coldRow{}
		m.others[batch.ID] = 0
		if err := x.learnRows(tx, m.Policy, batch.Rows); err != nil {
			return err
		}
		keyed, err := x.withSubjectKey(tx, m.Policy, batch.Rows)
		if err != nil {
			return err
		}
		for i, row := range batch.Rows {
			switch {
			case m.batches[batch.ID][i] != nil:
			case x.belongs(m.Place, row, keyed[i]):
				rows[i] = x.readRow(m, row)
			case keyed[i]:
				m.others[batch.ID]++
			}
		}
		x.searched[m][batch.ID] = known
		if len(rows) == 0 {
			return nil
		}
		found = true
		if m.batches[batch.ID] == nil {
			m.batches[batch.ID] = map[int]*coldRow{}
		}
		m.sizes[batch.ID] = len(batch.Rows)
		if err := x.judge(tx, m, batch, rows); err != nil {
			return err
		}
		for i, row := range rows {
			m.batches[batch.ID][i] = row
			x.ownsRows(m.Policy, batch.Rows[i])
		}
		return nil
	})
	return found, err
}

// eachBatch reads those batches of a table that are wanted.
func (x *coldStorage) eachBatch(tx statement.Session, m *coldModel, wanted func(id string) bool, each func(cold.Batch) error) error {
	ctx := tx.Statement.Context
	ids, err := x.store.Batches(ctx, m.Table())
	if err != nil {
		return x.failed("list the batches of table "+m.Table(), err)
	}
	for _, id := range ids {
		if !wanted(id) {
			continue
		}
		batch, err := x.store.Get(ctx, id)
		if err != nil {
			return x.failed("read the batch "+id, err)
		}
		if batch.ID != id || batch.Table != m.Table() {
			return x.failed("read the batch "+id, fmt.Errorf("it gave the batch %q of table %s", batch.ID, batch.Table))
		}
		if err := each(batch); err != nil {
			return err
		}
	}
	return nil
}

// readRow reads what an erasure needs to know of a row.
func (x *coldStorage) readRow(m *coldModel, row map[string]any) *coldRow {
	r := &coldRow{ReachedRow: x.identity(m.Policy, row), mark: cold.MarkOf(row), under: m.parentKeys(row)}
	if field := m.Policy.ID; field != nil && row[field.DBName] != nil {
		r.deletion = rowkey.TextOf(row[field.DBName])
	}
	return r
}

// judge tells what is to be done with rows of a batch. One that a request has masked which never got its certificate
// is rewritten: a crash may have left the old rows beside it. One that was erased in the database before it was purged stays.
func (x *coldStorage) judge(tx statement.Session, m *coldModel, batch cold.Batch, rows map[int]*coldRow) error {
	var unmarked []int
	for i, r := range rows {
		if r.mark.Request == "" {
			unmarked = append(unmarked, i)
			continue
		}
		certified, err := x.isCertified(tx, r.mark.Request)
		if err != nil {
			return err
		}
		r.rewrites = !certified
		done := x.progress != nil && r.mark.Request == x.request.ID && r.mark.Step < x.progress.Batches // by an earlier transaction
		r.counts = !certified && !done
	}
	return statement.Chunks(unmarked, func(chunk []int) error {
		erased, err := x.erasedBeforePurge(tx, m, batch, rows, chunk)
		if err != nil {
			return err
		}
		for _, i := range chunk {
			r := rows[i]
			r.rewrites = !erased[i] && (m.Policy.Personal.Erases() || m.hasTexts(batch.Rows[i]))
			r.counts = r.rewrites
		}
		return nil
	})
}

func (x *coldStorage) isCertified(tx statement.Session, request string) (bool, error) {
	certified, known := x.certified[request]
	if !known {
		c, err := certificate.Of(tx, request)
		if err != nil {
			return false, err
		}
		certified = c != nil
		x.certified[request] = certified
	}
	return certified, nil
}

// erasedBeforePurge tells which rows, by their places in a batch, were erased while they were in the database and still are as
// that left them.
func (x *coldStorage) erasedBeforePurge(tx statement.Session, m *coldModel, batch cold.Batch, rows map[int]*coldRow, chunk []int) (map[int]bool, error) {
	erased := map[int]bool{}
	known, err := x.eraser.Records.There(tx)
	if err != nil || !known || m.Policy.Personal == nil || m.Policy.Personal.Remove {
		return erased, err
	}
	t := m.Policy.DeletedPlace()
	asked := make([]erasedrow.ReachedRow, len(chunk))
	own := make([]erasedrow.ReachedRow, len(chunk))
	for n, i := range chunk {
		asked[n] = rows[i].ReachedRow
		own[n] = rows[i].ReachedRow
		if t.Archived {
			own[n].Text += erasedrow.ArchivedMark + rows[i].deletion
		}
	}
	former, err := erasedrow.Recorded(tx, m.Policy, m.Policy.Table, asked)
	if err != nil {
		return nil, err
	}
	recorded := former
	if t.Archived {
		if recorded, err = erasedrow.Recorded(tx, m.Policy, m.Table(), own); err != nil {
			return nil, err
		}
	}
	for n, i := range chunk {
		digest := digestOf(t, batch.Rows[i])
		for _, record := range []erasedrow.Row{recorded[own[n].Text], former[asked[n].Text]} {
			same := record.Digest == digest && erasedrow.SameMoment(x.eraser.Dialect, t.Policy.Schema, record.Created, rows[i].Created)
			tells := !t.Archived || record.Table == m.Table() || record.Created != 0
			erased[i] = erased[i] || same && tells && !record.Gone
		}
	}
	return erased, nil
}

// digestOf is the hash that erasedrow.Digests gives for a row, as far as its values have the same text in the program.
func digestOf(t policy.Place, row map[string]any) string {
	fields := erasedrow.Digested(t)
	values := make([]any, len(fields))
	for i, field := range fields {
		values[i] = row[field.DBName]
	}
	return erasedrow.DigestOfValues(fields, values)
}

// Subject finds a subject whose row is in cold storage only: of several the one that was made last.
func (x *coldStorage) Subject(tx statement.Session) (found bool, err error) {
	for _, m := range x.models {
		if m.Policy != x.root {
			continue
		}
		err := x.eachBatch(tx, m, func(string) bool { return true }, func(batch cold.Batch) error {
			keyed, err := x.withSubjectKey(tx, m.Policy, batch.Rows)
			for i, row := range batch.Rows {
				if !keyed[i] {
					continue
				}
				r := x.identity(x.root, row)
				if !found || r.Created > x.reach.row.Created {
					x.reach.row = r
				}
				found = true
			}
			return err
		})
		if err != nil {
			return false, err
		}
	}
	if found {
		if err := x.meant(tx, x.reach.row.Key); err != nil {
			return false, err
		}
	}
	x.reach.row.Key = nil // no row of a table
	return found, nil
}

// identity is the row as the database would tell it.
func (x *coldStorage) identity(p *policy.Policy, row map[string]any) (r erasedrow.ReachedRow) {
	for _, field := range p.Schema.PrimaryFields {
		r.Key = append(r.Key, row[field.DBName])
	}
	r.Text = rowkey.Of(x.eraser.Dialect, p.Schema.PrimaryFields).Exact(r.Key)
	if field := policy.Creation(p.Schema); field != nil {
		r.Created, _ = erasedrow.CreationOf(creationTime(row[field.DBName]))
	}
	return r
}

// creationTime is a time of creation as a value of time, where the driver gives it as text.
func creationTime(value any) any {
	switch value.(type) {
	case string, []byte:
		if at, ok := pii.ParseTime(rowkey.TextOf(value)); ok {
			return at
		}
	}
	return value
}
