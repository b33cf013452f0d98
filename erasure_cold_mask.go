package softdelete

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

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room masks a row in cold storage: what erasure_mask.go does in SQL, on values as database/sql gives them.

// hasTexts tells whether the row has an actor or a reason to clear.
func (m *coldModel) hasTexts(row map[string]any) bool {
	return slices.ContainsFunc(m.texts(), func(column string) bool { return row[column] != nil && textOf(row[column]) != "" })
}

// texts are the columns of actor and reason that the table's rows have.
func (m *coldModel) texts() (columns []string) {
	for _, field := range (place{m.policy, m.policy.archives()}).texts() {
		columns = append(columns, field.DBName)
	}
	return columns
}

// maskRow masks a row in place. computed are the columns that the database reckons from others: a thaw does so again.
func (x *erasure) maskRow(ctx context.Context, m *coldModel, row map[string]any, table map[string]dialect.Column) error {
	p := m.policy
	for column := range row {
		in, there := table[column]
		if in.Generated || p.erases() && x.strange(m, column, there) {
			row[column] = nil
		}
	}
	for _, field := range (place{p, p.archives()}).texts() {
		if _, has := row[field.DBName]; has {
			empty, err := driver.DefaultParameterConverter.ConvertValue(emptyValue(field, true))
			if err != nil {
				return err
			}
			row[field.DBName] = empty
		}
	}
	if p.personal == nil {
		return nil
	}
	masked := make(map[string]any, len(p.personal.masked))
	for _, c := range p.personal.masked {
		column := c.field.DBName
		if _, has := row[column]; !has || table[column].Generated {
			continue
		}
		value, err := x.coldMask(ctx, c, row)
		if err != nil {
			return err
		}
		if masked[column], err = driver.DefaultParameterConverter.ConvertValue(value); err != nil {
			return fmt.Errorf("%w: %s.%s: the masked value has no form in a cold batch; %s", ErrUnsupported, p.schema.Name, c.field.Name, x.nothingErased())
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
	case p.schema.FieldsByDBName[column] != nil, column == coldErasedColumn, column == coldRemovedColumn:
		return false
	case p.archives():
		return !ownColumn(column)
	}
	return !inTable
}

// removedRow is what stays in a batch of a row that was removed.
func (x *erasure) removedRow(p *policy, row map[string]any) map[string]any {
	left := map[string]any{}
	for _, field := range p.schema.PrimaryFields {
		left[field.DBName] = row[field.DBName]
	}
	if field := creation(p.schema); field != nil {
		left[field.DBName] = row[field.DBName]
	}
	return left
}

// coldMark is the mark of this transaction.
func (x *erasure) coldMark(removed bool) coldMark {
	mark := coldMark{request: x.request.ID, removed: removed}
	if x.progress != nil {
		mark.step = x.progress.Batches
	}
	return mark
}

// coldMask is the new value of a column.
func (x *erasure) coldMask(ctx context.Context, c *maskedColumn, row map[string]any) (any, error) {
	m, old := c.mask, row[c.field.DBName]
	switch m.word {
	case maskNull:
		return nil, nil
	case maskZero, maskFixed:
		return m.value, nil
	case maskTemplate:
		return m.fill(c.field.Schema, row), nil
	case maskRandom:
		return m.random(c.field), nil
	case maskFunc:
		return x.coldFunc(ctx, c, row)
	}
	if old == nil {
		return nil, nil
	}
	if m.word == maskTruncate && m.unit != "ip" {
		return truncateTime(c.field, old, m.unit), nil
	}
	return x.masked(c, textOf(old)), nil
}

// fill makes a template's text.
func (m mask) fill(s *schema.Schema, row map[string]any) string {
	var text strings.Builder
	for _, p := range m.pieces {
		switch {
		case p.id:
			for i, column := range s.PrimaryFieldDBNames {
				if i > 0 {
					text.WriteByte('-')
				}
				text.WriteString(textOf(row[column]))
			}
		case p.width > 0:
			text.WriteString(randomHex(p.width))
		default:
			text.WriteString(p.text)
		}
	}
	return text.String()
}

func randomHex(digits int) string {
	data := make([]byte, (digits+1)/2)
	_, _ = rand.Read(data) // never fails, see crypto/rand.Read
	return hex.EncodeToString(data)[:digits]
}

func (m mask) random(field *schema.Field) any {
	switch kindOfColumn(field, strings.ToLower(string(field.DataType))) {
	case integerColumn:
		n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(m.width))) // never fails, see crypto/rand.Read
		return n.Int64()
	case uuidColumn:
		digits := randomHex(32)
		return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:]
	default:
		return randomHex(min(m.width, 32))
	}
}

// truncateTime cuts a time to the beginning of its year or month, in UTC. What is no time gives nothing.
func truncateTime(field *schema.Field, old any, unit string) any {
	at, ok := old.(time.Time)
	if !ok {
		at, ok = parseTime(textOf(old))
	}
	if !ok {
		return emptyValue(field, true)
	}
	at = at.UTC()
	month := time.January
	if unit == "month" {
		month = at.Month()
	}
	return time.Date(at.Year(), month, 1, 0, 0, 0, 0, time.UTC)
}

// coldFunc gives the field's Go value to a masker.
func (x *erasure) coldFunc(ctx context.Context, c *maskedColumn, row map[string]any) (any, error) {
	value := reflect.New(c.field.Schema.ModelType).Elem()
	if err := c.field.Set(ctx, value, row[c.field.DBName]); err != nil {
		return nil, fmt.Errorf("%w: %s.%s: a value in cold storage is none of a %s; %s", ErrUnsupported, c.field.Schema.Name, c.field.Name,
			c.field.FieldType, x.nothingErased())
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
		return sql.NullString{String: textOf(value), Valid: true}
	}
	if p.personal != nil && before != nil {
		for _, c := range p.personal.masked {
			old, masked := text(before[c.field.DBName]), text(now[c.field.DBName])
			found := masked.Valid && (c.mask.word == maskFunc || c.mask.word == maskJSON) && x.secrets.in(masked.String)
			if c.mask.keptValue(old, masked) || found {
				count(c.field.DBName)
			}
		}
	}
	for column, value := range now {
		field := p.schema.FieldsByDBName[column]
		if value != nil && x.secrets != nil && field != nil && p.otherText(field) && x.secrets.in(textOf(value)) {
			count(column)
		}
	}
}
