package erasure

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"gorm.io/gorm/schema"
)

// This room masks a row in cold storage: what erasure_mask.go does in SQL, on values as database/sql gives them.

// hasTexts tells whether the row has an actor or a reason to clear.
func (m *coldModel) hasTexts(row map[string]any) bool {
	return slices.ContainsFunc(m.texts(), func(column string) bool { return row[column] != nil && rowkey.TextOf(row[column]) != "" })
}

// texts are the columns of actor and reason that the table's rows have.
func (m *coldModel) texts() (columns []string) {
	for _, field := range (erasedrow.Place{Policy: m.policy, Archived: m.policy.Archives()}).Texts() {
		columns = append(columns, field.DBName)
	}
	return columns
}

// maskRow masks a row in place. computed are the columns that the database reckons from others: a thaw does so again.
func (x *erasure) maskRow(ctx context.Context, m *coldModel, row map[string]any, table map[string]dialect.Column) error {
	p := m.policy
	for column := range row {
		in, there := table[column]
		if in.Generated || p.Personal.Erases() && x.strange(m, column, there) {
			row[column] = nil
		}
	}
	for _, field := range (erasedrow.Place{Policy: p, Archived: p.Archives()}).Texts() {
		if _, has := row[field.DBName]; has {
			empty, err := driver.DefaultParameterConverter.ConvertValue(policy.EmptyValue(field, true))
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
		value, err := x.coldMask(ctx, c, row)
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
func (x *erasure) strange(m *coldModel, column string, inTable bool) bool {
	p := m.policy
	switch {
	case p.Schema.FieldsByDBName[column] != nil, column == cold.ColdErasedColumn, column == cold.ColdRemovedColumn:
		return false
	case p.Archives():
		return !policy.OwnColumn(column)
	}
	return !inTable
}

// removedRow is what stays in a batch of a row that was removed.
func (x *erasure) removedRow(p *policy.Policy, row map[string]any) map[string]any {
	left := map[string]any{}
	for _, field := range p.Schema.PrimaryFields {
		left[field.DBName] = row[field.DBName]
	}
	if field := policy.Creation(p.Schema); field != nil {
		left[field.DBName] = row[field.DBName]
	}
	return left
}

// coldMark is the mark of this transaction.
func (x *erasure) coldMark(removed bool) cold.ColdMark {
	m := cold.ColdMark{Request: x.request.ID, Removed: removed}
	if x.progress != nil {
		m.Step = x.progress.Batches
	}
	return m
}

// coldMask is the new value of a column.
func (x *erasure) coldMask(ctx context.Context, c *pii.MaskedColumn, row map[string]any) (any, error) {
	m, old := c.Mask, row[c.Field.DBName]
	switch m.Word {
	case pii.MaskNull:
		return nil, nil
	case pii.MaskZero, pii.MaskFixed:
		return m.Value, nil
	case pii.MaskTemplate:
		return fill(m, c.Field.Schema, row), nil
	case pii.MaskRandom:
		return random(m, c.Field), nil
	case pii.MaskFunc:
		return x.coldFunc(ctx, c, row)
	}
	if old == nil {
		return nil, nil
	}
	if m.Word == pii.MaskTruncate && m.Unit != "ip" {
		return truncateTime(c.Field, old, m.Unit), nil
	}
	return x.masked(c, rowkey.TextOf(old)), nil
}

// fill makes a template's text.
func fill(m pii.Mask, s *schema.Schema, row map[string]any) string {
	var text strings.Builder
	for _, p := range m.Pieces {
		switch {
		case p.Id:
			for i, column := range s.PrimaryFieldDBNames {
				if i > 0 {
					text.WriteByte('-')
				}
				text.WriteString(rowkey.TextOf(row[column]))
			}
		case p.Width > 0:
			text.WriteString(randomHex(p.Width))
		default:
			text.WriteString(p.Text)
		}
	}
	return text.String()
}

func randomHex(digits int) string {
	data := make([]byte, (digits+1)/2)
	_, _ = rand.Read(data) // never fails, see crypto/rand.Read
	return hex.EncodeToString(data)[:digits]
}

func random(m pii.Mask, field *schema.Field) any {
	switch pii.KindOfColumn(field, strings.ToLower(string(field.DataType))) {
	case pii.IntegerColumn:
		n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(m.Width))) // never fails, see crypto/rand.Read
		return n.Int64()
	case pii.UuidColumn:
		digits := randomHex(32)
		return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:]
	default:
		return randomHex(min(m.Width, 32))
	}
}

// truncateTime cuts a time to the beginning of its year or month, in UTC. What is no time gives nothing.
func truncateTime(field *schema.Field, old any, unit string) any {
	at, ok := old.(time.Time)
	if !ok {
		at, ok = parseTime(rowkey.TextOf(old))
	}
	if !ok {
		return policy.EmptyValue(field, true)
	}
	at = at.UTC()
	month := time.January
	if unit == "month" {
		month = at.Month()
	}
	return time.Date(at.Year(), month, 1, 0, 0, 0, 0, time.UTC)
}

// coldFunc gives the field's Go value to a masker.
func (x *erasure) coldFunc(ctx context.Context, c *pii.MaskedColumn, row map[string]any) (any, error) {
	value := reflect.New(c.Field.Schema.ModelType).Elem()
	if err := c.Field.Set(ctx, value, row[c.Field.DBName]); err != nil {
		return nil, fmt.Errorf("%w: %s.%s: a value in cold storage is none of a %s; %s", fault.ErrUnsupported, c.Field.Schema.Name, c.Field.Name,
			c.Field.FieldType, x.nothingErased())
	}
	return x.maskerResult(ctx, c, value)
}

// verifyRow notes the columns of a masked row that still have an old value; before is nil for a row that was masked earlier.
func (x *erasure) verifyRow(m *coldModel, before, now map[string]any, residue map[string]int64) {
	p := m.policy
	count := func(column string) { residue[fmt.Sprintf("cold storage of table %s, column %s", m.table, column)]++ }
	text := func(value any) sql.NullString {
		if value == nil {
			return sql.NullString{}
		}
		return sql.NullString{String: rowkey.TextOf(value), Valid: true}
	}
	if p.Personal != nil && before != nil {
		for _, c := range p.Personal.Masked {
			old, masked := text(before[c.Field.DBName]), text(now[c.Field.DBName])
			found := masked.Valid && (c.Mask.Word == pii.MaskFunc || c.Mask.Word == pii.MaskJSON) && x.secrets.in(masked.String)
			if keptValue(c.Mask, old, masked) || found {
				count(c.Field.DBName)
			}
		}
	}
	for column, value := range now {
		field := p.Schema.FieldsByDBName[column]
		if value != nil && x.secrets != nil && field != nil && otherText(p, field) && x.secrets.in(rowkey.TextOf(value)) {
			count(column)
		}
	}
}
