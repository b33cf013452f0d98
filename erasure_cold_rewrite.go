package softdelete

import (
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
)

// This room rewrites the batches with rows of the person. All are masked in the program first, to look for what would stop
// one; they are rewritten last, when nothing but the commit can fail. Rows whose parents are in cold storage too go before
// them, so that a crash leaves none behind that only a removed row led to.

// coldSuffix ends the name of a table in certificates, for its rows in cold storage.
const coldSuffix = " (cold storage)"

// checkCold masks the rows in the program, and refuses the erasure where an old value would be left.
func (x *erasure) checkCold(tx *gorm.DB) error {
	if x.cold == nil || x.skipsCold() {
		return nil
	}
	err := x.eachColdBatch(tx, func(m *coldModel, batch *ColdBatch, rows map[int]*coldRow) error {
		for i, known := range rows {
			if known.requestID == "" && known.changes {
				x.learnRow(m, batch.Rows[i])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	residue := map[string]int64{}
	err = x.eachColdBatch(tx, func(m *coldModel, batch *ColdBatch, rows map[int]*coldRow) error {
		_, err := x.maskBatch(tx, m, batch, rows, residue)
		return err
	})
	if err == nil {
		err = x.residueError(residue)
	}
	return err
}

// replaceCold rewrites the batches.
func (x *erasure) replaceCold(tx *gorm.DB) error {
	if x.cold == nil || x.skipsCold() {
		return nil
	}
	ctx := tx.Statement.Context
	return x.eachColdBatch(tx, func(m *coldModel, batch *ColdBatch, rows map[int]*coldRow) error {
		if !slices.ContainsFunc(slices.Collect(maps.Values(rows)), func(r *coldRow) bool { return r.changes }) {
			return nil
		}
		residue := map[string]int64{}
		befores, err := x.maskBatch(tx, m, batch, rows, residue)
		if err == nil {
			err = x.residueError(residue)
		}
		if err != nil {
			return err
		}
		if err := x.cold.store.Replace(ctx, *batch); err != nil {
			return x.coldError("rewrite the batch "+batch.ID, err)
		}
		stored, err := x.cold.store.Get(ctx, batch.ID)
		if err == nil && len(stored.Rows) != len(batch.Rows) {
			err = fmt.Errorf("it has %d rows, %d were written", len(stored.Rows), len(batch.Rows))
		}
		if err != nil {
			return x.coldError("read back the batch "+batch.ID, err)
		}
		for i, before := range befores {
			x.verifyRow(m, before, stored.Rows[i], residue)
		}
		return x.residueError(residue)
	})
}

// skipsCold tells whether the transaction leaves cold storage to others: a subject that is worked off in several has its rows
// there rewritten by the first, while all rows that lead to them are there, and what has come since by the last.
func (x *erasure) skipsCold() bool { return x.progress != nil && len(x.pending) > 0 }

// eachColdBatch reads the batches with rows of the person.
func (x *erasure) eachColdBatch(tx *gorm.DB, each func(*coldModel, *ColdBatch, map[int]*coldRow) error) error {
	for _, m := range slices.Backward(x.cold.models) {
		for _, id := range slices.Sorted(maps.Keys(m.batches)) {
			batch, err := x.cold.store.Get(tx.Statement.Context, id)
			if err == nil && len(batch.Rows) != m.sizes[id] {
				err = errChanged
			}
			if err != nil {
				return x.coldError("read the batch "+id, err)
			}
			if err := each(m, &batch, m.batches[id]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *erasure) learnRow(m *coldModel, row map[string]any) {
	if x.secrets == nil {
		x.secrets = newSecrets()
	}
	if m.policy.personal == nil {
		return
	}
	for _, c := range m.policy.personal.masked {
		if value := row[c.field.DBName]; value != nil {
			x.secrets.learn(c, textOf(value))
		}
	}
}

// maskBatch masks the person's rows of a batch and takes out those of pii:"delete" models. befores are the person's rows that
// stay, by their new place, as they were; nil for one that was masked before.
func (x *erasure) maskBatch(
	tx *gorm.DB, m *coldModel, batch *ColdBatch, rows map[int]*coldRow, residue map[string]int64,
) (befores map[int]map[string]any, err error) {
	computed, err := x.computedColumns(tx, m.policy)
	if err != nil {
		return nil, err
	}
	removes := m.policy.personal != nil && m.policy.personal.remove
	befores = map[int]map[string]any{}
	var kept []map[string]any
	for i, row := range batch.Rows {
		known := rows[i]
		if known == nil {
			kept = append(kept, row)
			continue
		}
		if removes {
			continue
		}
		var before map[string]any
		if known.requestID == "" && known.changes {
			before = maps.Clone(row)
			if err := x.maskRow(tx.Statement.Context, m, row, computed); err != nil {
				return nil, err
			}
		}
		x.verifyRow(m, before, row, residue)
		befores[len(kept)] = before
		kept = append(kept, row)
	}
	batch.Rows = kept
	return befores, nil
}

// computedColumns are those of the model's table that the database reckons.
func (x *erasure) computedColumns(tx *gorm.DB, p *policy) (map[string]bool, error) {
	columns, err := x.engine.tableColumns(inWork(tx, tx.Statement.Context), p.schema.Table)
	computed := map[string]bool{}
	for _, c := range columns {
		computed[c.Name] = c.Generated
	}
	return computed, err
}

// coldTables counts the rows in cold storage, for certificates and previews.
func (x *erasure) coldTables() (tables []ErasedTable) {
	if x.cold == nil {
		return nil
	}
	for _, m := range x.cold.models {
		var n int64
		for _, rows := range m.batches {
			for _, row := range rows {
				counted := x.progress != nil && row.requestID == x.request.ID // by an earlier transaction
				if row.changes && !counted {
					n++
				}
			}
		}
		if n == 0 || !m.policy.erases() {
			continue
		}
		t := ErasedTable{Table: m.table + coldSuffix, Columns: []ErasedColumn{}}
		if m.policy.personal.remove {
			t.Deleted = n
		} else {
			t.Masked = n
			for _, c := range m.policy.personal.masked {
				t.Columns = append(t.Columns, ErasedColumn{Column: c.field.DBName, Strategy: c.mask.strategy()})
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// coldKept lists the personal columns of the rows in cold storage that stay.
func (x *erasure) coldKept() (kept []KeptColumn) {
	if x.cold == nil {
		return nil
	}
	for _, m := range x.cold.models {
		var n int64
		for _, rows := range m.batches {
			n += int64(len(rows))
		}
		if n == 0 || m.policy.personal == nil || m.policy.personal.remove {
			continue
		}
		for _, k := range m.policy.personal.kept {
			kept = append(kept, KeptColumn{Table: m.table + coldSuffix, Column: k.field.DBName, Basis: k.basis, Rows: n})
		}
	}
	return kept
}
