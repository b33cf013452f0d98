package erasure

import (
	"context"
	"database/sql"
	"iter"
	"maps"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/coldfile"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room rewrites the batches with rows of the person. All are masked in the program first, to look for what would stop
// one; they are rewritten last, when nothing but the commit can fail. Rows whose parents are in cold storage too go before
// them, so that a crash leaves none behind that only a removed row led to.

// coldSuffix ends the name of a table in certificates, for its rows in cold storage.
const coldSuffix = " (cold storage)"

// check masks the rows in the program, and refuses the erasure where an old value would be left.
func (x *coldStorage) check(tx statement.Session) error {
	if x == nil || x.skipsCold() {
		return nil
	}
	err := x.eachColdBatch(tx, func(m *coldModel, batch *cold.Batch, rows map[int]*coldRow) error {
		for i, known := range rows {
			if known.rewrites && cold.MarkOf(batch.Rows[i]).Request == "" {
				if err := x.learnRow(tx.Statement.Context, m, batch.Rows[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	residue := map[string]int64{}
	err = x.eachColdBatch(tx, func(m *coldModel, batch *cold.Batch, rows map[int]*coldRow) error {
		_, err := x.maskBatch(tx, m, batch, rows, residue)
		return err
	})
	if err == nil {
		err = x.verifier.residueError(residue)
	}
	return err
}

// replace rewrites the batches.
func (x *coldStorage) replace(tx statement.Session) error {
	if x == nil || x.skipsCold() {
		return nil
	}
	return x.eachColdBatch(tx, func(m *coldModel, batch *cold.Batch, rows map[int]*coldRow) error {
		if !slices.ContainsFunc(slices.Collect(maps.Values(rows)), func(r *coldRow) bool { return r.rewrites }) {
			return nil
		}
		x.rewriting = true
		return x.replaceBatch(tx, m, batch, rows)
	})
}

func (x *coldStorage) replaceBatch(tx statement.Session, m *coldModel, batch *cold.Batch, rows map[int]*coldRow) error {
	residue := map[string]int64{}
	befores, err := x.maskBatch(tx, m, batch, rows, residue)
	if err == nil {
		err = x.verifier.residueError(residue)
	}
	if err != nil {
		return err
	}
	if err := x.store.Replace(tx.Statement.Context, *batch); err != nil {
		return x.failed("rewrite the batch "+batch.ID, err)
	}
	stored, err := x.store.Get(tx.Statement.Context, batch.ID)
	if err == nil {
		err = coldfile.Same(batch.Rows, stored.Rows)
	}
	if err != nil {
		return x.failed("read back the batch "+batch.ID, err)
	}
	for i := range rows {
		if err := x.verifyRow(tx.Statement.Context, m, befores[i], stored.Rows[i], residue); err != nil {
			return err
		}
	}
	return x.verifier.residueError(residue)
}

// eachColdBatch reads the batches with rows of the person.
func (x *coldStorage) eachColdBatch(tx statement.Session, each func(*coldModel, *cold.Batch, map[int]*coldRow) error) error {
	for _, m := range slices.Backward(x.models) {
		for _, id := range slices.Sorted(maps.Keys(m.batches)) {
			batch, err := x.store.Get(tx.Statement.Context, id)
			if err == nil && len(batch.Rows) != m.sizes[id] {
				err = cold.ErrChanged
			}
			if err != nil {
				return x.failed("read the batch "+id, err)
			}
			if err := each(m, &batch, m.batches[id]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *coldStorage) learnRow(ctx context.Context, m *coldModel, row map[string]any) error {
	if x.verifier.secrets == nil {
		x.verifier.secrets = newSecrets()
	}
	if m.Policy.Personal == nil {
		return nil
	}
	for _, c := range m.Policy.Personal.Masked {
		old, err := x.oldValue(ctx, c, row)
		if err != nil {
			return err
		}
		x.verifier.secrets.learn(c, old.before, old.written)
	}
	return nil
}

// oldValue is what a row in cold storage has in a masked column.
func (x *coldStorage) oldValue(ctx context.Context, c *pii.MaskedColumn, row map[string]any) (v oldValue, err error) {
	v.reckoned = x.reckoned[c.Field]
	if v.before = coldText(row[c.Field.DBName]); c.Mask.Foretells() && !v.reckoned {
		value, err := x.masker.masked(ctx, c, pii.Row{Columns: row})
		if err != nil {
			return v, err
		}
		v.written = coldText(value)
	}
	return v, nil
}

// coldText is a value of a row in cold storage as text.
func coldText(value any) sql.NullString {
	if value == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: rowkey.TextOf(value), Valid: true}
}

// maskBatch masks the person's rows of a batch; of those of pii:"delete" models their keys are left. befores are the rows that it
// masks, by their places, as they were.
func (x *coldStorage) maskBatch(
	tx statement.Session, m *coldModel, batch *cold.Batch, rows map[int]*coldRow, residue map[string]int64,
) (befores map[int]map[string]any, err error) {
	table, err := x.columnsOf(tx, m.Policy)
	if err != nil {
		return nil, err
	}
	removes := m.Policy.Personal != nil && m.Policy.Personal.Remove
	befores = map[int]map[string]any{}
	for i, known := range rows {
		row := batch.Rows[i]
		if known.rewrites {
			found := cold.MarkOf(row)
			switch {
			case removes:
				row = x.removedRow(m.Policy, row)
				batch.Rows[i] = row
			case found.Request == "" || known.mark.Request == "": // the latter where two models have the table
				befores[i] = maps.Clone(row)
				if err := x.maskRow(tx.Statement.Context, m, row, table); err != nil {
					return nil, err
				}
			}
			if m.Policy.Personal.Erases() && (known.counts || found.Request == "") {
				x.mark(removes || found.Removed).Write(row)
			}
		}
		if err := x.verifyRow(tx.Statement.Context, m, befores[i], row, residue); err != nil {
			return nil, err
		}
	}
	return befores, nil
}

// columnsOf are the columns of the model's own table, by name.
func (x *coldStorage) columnsOf(tx statement.Session, p *policy.Policy) (map[string]dialect.Column, error) {
	columns, err := archive.TableColumns(tx.InWork(tx.Statement.Context), p.Table)
	byName := map[string]dialect.Column{}
	for _, c := range columns {
		byName[c.Name] = c
	}
	return byName, err
}

// tables counts the rows in cold storage, for certificates and previews.
func (x *coldStorage) tables() (tables []certificate.ErasedTable) {
	for m, n := range x.counted(func(row *coldRow) bool { return row.counts }) {
		if !m.Policy.Personal.Erases() {
			continue
		}
		t := certificate.ErasedTable{Table: m.Table() + coldSuffix, Columns: []certificate.ErasedColumn{}}
		if m.Policy.Personal.Remove {
			t.Deleted = n
		} else {
			t.Masked = n
			for _, c := range m.Policy.Personal.Masked {
				t.Columns = append(t.Columns, certificate.ErasedColumn{Column: c.Field.DBName, Strategy: c.Mask.Strategy()})
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// kept lists the personal columns of the rows in cold storage that stay.
func (x *coldStorage) kept() (kept []certificate.KeptColumn) {
	for m, n := range x.counted(func(*coldRow) bool { return true }) {
		if m.Policy.Personal == nil || m.Policy.Personal.Remove {
			continue
		}
		for _, k := range m.Policy.Personal.Kept {
			kept = append(kept, certificate.KeptColumn{Table: m.Table() + coldSuffix, Column: k.Field.DBName, Basis: k.Basis, Rows: n})
		}
	}
	return kept
}

// counted are the models with rows of a kind in cold storage, and how many.
func (x *coldStorage) counted(kind func(*coldRow) bool) iter.Seq2[*coldModel, int64] {
	return func(yield func(*coldModel, int64) bool) {
		if x == nil {
			return
		}
		for _, m := range x.models {
			var n int64
			for _, rows := range m.batches {
				for _, row := range rows {
					if kind(row) {
						n++
					}
				}
			}
			if n > 0 && !yield(m, n) {
				return
			}
		}
	}
}
