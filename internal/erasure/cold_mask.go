package erasure

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room masks a row in cold storage: what mask.go does in SQL, on values as database/sql gives them.

// hasTexts tells whether the row has an actor or a reason to clear.
func (m *coldModel) hasTexts(row map[string]any) bool {
	return slices.ContainsFunc(m.texts(), func(column string) bool { return row[column] != nil && rowkey.TextOf(row[column]) != "" })
}

// texts are the columns of actor and reason that the table's rows have.
func (m *coldModel) texts() (columns []string) {
	for _, field := range m.Texts() {
		columns = append(columns, field.DBName)
	}
	return columns
}

// maskRow masks a row in place. computed are the columns that the database reckons from others: a thaw does so again.
func (x *coldStorage) maskRow(ctx context.Context, m *coldModel, row map[string]any, table map[string]dialect.Column) error {
	p := m.Policy
	for column := range row {
		in, there := table[column]
		if in.Generated || p.Personal.Erases() && x.strange(m, column, there) {
			row[column] = nil
		}
	}
	for _, field := range m.Texts() {
		if _, has := row[field.DBName]; has {
			empty, err := driver.DefaultParameterConverter.ConvertValue(statement.EmptyValue(field, true))
			if err != nil {
				return err
			}
			row[field.DBName] = empty
		}
	}
	if p.Personal == nil {
		return nil
	}
	masked := make(map[string]any, len(p.Personal.Masked))
	for _, c := range p.Personal.Masked {
		column := c.Field.DBName
		if _, has := row[column]; !has || table[column].Generated {
			continue
		}
		value, err := x.masker.masked(ctx, c, pii.Row{Columns: row})
		if err != nil {
			return err
		}
		if masked[column], err = driver.DefaultParameterConverter.ConvertValue(value); err != nil {
			return fmt.Errorf("%w: %s.%s: the masked value has no form in a cold batch; %s", fault.ErrUnsupported, p.Schema.Name, c.Field.Name, x.nothingErased())
		}
	}
	maps.Copy(row, masked)
	return nil
}

// strange tells whether nothing says that a column is not personal: one that an archive has and the model has not, or one that
// neither the model nor its table has any more.
func (x *coldStorage) strange(m *coldModel, column string, inTable bool) bool {
	p := m.Policy
	switch {
	case p.Schema.FieldsByDBName[column] != nil, column == cold.ErasedColumn, column == cold.RemovedColumn:
		return false
	case m.Archived:
		return !m.Adds(column)
	}
	return !inTable
}

// removedRow is what stays in a batch of a row that was removed.
func (x *coldStorage) removedRow(p *policy.Policy, row map[string]any) map[string]any {
	left := map[string]any{}
	for _, field := range p.Schema.PrimaryFields {
		left[field.DBName] = row[field.DBName]
	}
	if field := policy.Creation(p.Schema); field != nil {
		left[field.DBName] = row[field.DBName]
	}
	return left
}

// mark is the mark of this transaction.
func (x *coldStorage) mark(removed bool) cold.Mark {
	m := cold.Mark{Request: x.request.ID, Removed: removed}
	if x.progress != nil {
		m.Step = x.progress.Batches
	}
	return m
}

// verifyRow notes the columns of a masked row that still have an old value; before is nil for a row that was masked earlier.
func (x *coldStorage) verifyRow(ctx context.Context, m *coldModel, before, now map[string]any, residue map[string]int64) error {
	p := m.Policy
	count := func(column string) { residue[fmt.Sprintf("cold storage of table %s, column %s", m.Table(), column)]++ }
	if p.Personal != nil && before != nil {
		for _, c := range p.Personal.Masked {
			old, err := x.oldValue(ctx, c, before)
			if err != nil {
				return err
			}
			if old.left(c, coldText(now[c.Field.DBName]), x.verifier.secrets.in) {
				count(c.Field.DBName)
			}
		}
	}
	for column, value := range now {
		field := p.Schema.FieldsByDBName[column]
		if value != nil && x.verifier.secrets != nil && field != nil && otherText(p, field) && x.verifier.secrets.in(rowkey.TextOf(value)) {
			count(column)
		}
	}
	return nil
}
