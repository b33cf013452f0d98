package purge

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for databases that check foreign keys for each row that goes. Rows that refer to each other in a ring, or in one table, could
// go there in no order, or in one that a statement does not keep to: they lose these keys first.

// free empties the foreign keys by which rows that go refer to others that go no later than they do.
func (f *family) free(chosen []*relative, parts []removal) error {
	if f.tx.Dialect.Has(dialect.StatementChecksKeys) {
		return nil
	}
	going := map[*relative]bool{}
	for _, r := range chosen {
		going[r] = true
	}
	for t, rows := range byTable(chosen) {
		for _, key := range f.purge.late(t) {
			tied := slices.DeleteFunc(slices.Clone(rows), func(row *relative) bool {
				return !slices.ContainsFunc(row.refersTo, func(to *relative) bool { return to.table == key.to && going[to] })
			})
			if len(tied) == 0 {
				continue
			}
			if err := f.sureOf(parts); err != nil {
				return err
			}
			if err := f.empty(key, tied); err != nil {
				return err
			}
		}
	}
	return nil
}

// sureOf makes sure that rows are as they were when they were chosen, once: it may be by the keys that they lose that a hold covers them,
// or others under them.
func (f *family) sureOf(parts []removal) error {
	if f.sure {
		return nil
	}
	for _, part := range parts {
		rows, err := f.countLeaving(part)
		if err != nil {
			return err
		}
		if rows < int64(len(part.rows)) {
			return cold.ErrChanged
		}
	}
	f.sure = true
	return nil
}

// late are the foreign keys of a table to rows that go no later than its own.
func (p *purge) late(t *purgeTable) (keys []*reference) {
	for _, to := range p.tables {
		for _, r := range to.referrers {
			if r.from == t && r.relation == nil && t.rank >= to.rank {
				keys = append(keys, r)
			}
		}
	}
	return keys
}

// empty empties a foreign key of rows, as far as its columns may be empty.
func (f *family) empty(key *reference, rows []*relative) error {
	var columns []policy.Assignment
	for _, field := range fieldsOf(key.from.Policy, key.children) {
		if !field.NotNull && !field.PrimaryKey {
			columns = append(columns, policy.Assignment{Field: field})
		}
	}
	if len(columns) == 0 {
		return nil
	}
	for part := range slices.Chunk(rows, keysAtOnce) {
		q := policy.Assign(f.tx.Query().Update(key.from.name), columns).Text(" WHERE ")
		keyIn(q, key.from, "", part)
		if _, err := q.Exec(); err != nil {
			return err
		}
	}
	return nil
}

// countLeaving counts those of some rows that are as they were when they were chosen.
func (f *family) countLeaving(part removal) (rows int64, err error) {
	q := f.tx.Query()
	f.purge.holds.With(q)
	f.leaving(q.Text("SELECT count(*) FROM ").Name(part.table.name).Text(" WHERE "), part)
	return rows, q.Rows(func(scan func(...any) error) error { return scan(&rows) })
}
