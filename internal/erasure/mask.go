package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm/schema"
)

// This room writes the masks: in SQL, one statement for many rows, or, where the new value is a function of the old one that
// SQL cannot reckon, row by row in batches whose statements no logger sees.

// mask masks the rows, model by model.
func (x *erasure) mask(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.Policy.Personal == nil || !m.Policy.Personal.Remove {
			if err := x.maskModel(tx, m); err != nil {
				return err
			}
		}
		x.done(m)
	}
	return nil
}

func (x *erasure) maskModel(tx statement.Session, m *reachedModel) error {
	table := m.Table()
	return statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
		if data := m.Policy.Personal; data != nil {
			for _, c := range data.Masked {
				if c.Mask.Computed() {
					if err := x.compute(tx, m.Place, c, chunk); err != nil {
						return x.quiet(tx, err, "masking "+c.Field.DBName+" of", table)
					}
				}
			}
		}
		err := x.logging(tx, m.Log(), func() error { return x.maskSet(tx, m.Place, chunk) })
		return x.quiet(tx, err, "masking", table)
	})
}

// maskSet masks what SQL can, and clears actor and reason, by one statement. It is what the event log, if there is one, takes
// for the erasure of the row.
func (x *erasure) maskSet(tx statement.Session, t erasedrow.Place, chunk []erasedrow.ReachedRow) error {
	p := t.Policy
	strangers, err := x.strangers(tx, t)
	if err != nil {
		return err
	}
	q := tx.Query().Text("UPDATE ").Name(t.Table()).Text(" SET ")
	any := false
	set := func(column string, value func()) {
		if any {
			q.Text(", ")
		}
		any = true
		q.Name(column).Text(" = ")
		value()
	}
	if p.Personal != nil {
		for _, c := range p.Personal.Masked {
			if !c.Mask.Computed() {
				set(c.Field.DBName, func() { x.maskExpression(q, c) })
			}
		}
	}
	for _, field := range t.Texts() {
		set(field.DBName, func() { q.Bind(policy.EmptyValue(field, true)) })
	}
	for _, name := range strangers {
		set(name, func() { q.Text("NULL") })
	}
	masked := p.Personal != nil && len(p.Personal.Masked) > 0
	if t.Log() != nil && masked && !any { // all masks are computed, by statements of their own
		field := p.Personal.Masked[0].Field
		set(field.DBName, func() { q.Name(field.DBName) })
	}
	if !any {
		return nil
	}
	erasedrow.KeysIn(q.Text(" WHERE "), t, "", chunk)
	if t.Log() != nil && !masked { // no event for a row of which nothing was erased
		q.Text(" AND (1 = 0")
		for _, field := range t.Texts() {
			q.Text(" OR ").Name(field.DBName).Text(" <> ''")
		}
		q.Text(")")
	}
	_, err = q.Exec()
	return err
}

// maskExpression writes the new value of a column.
func (x *erasure) maskExpression(q *statement.Query, c *pii.MaskedColumn) {
	m, d := c.Mask, q.Dialect
	switch m.Word {
	case pii.MaskNull:
		q.Text("NULL")
	case pii.MaskZero, pii.MaskFixed:
		q.Bind(m.Value)
	case pii.MaskTemplate:
		statement.Joined(q, m.Pieces, " || ", func(p pii.Piece) {
			switch {
			case p.Id:
				q.Text(d.Text("(" + idText(q, c.Field.Schema) + ")"))
			case p.Width > 0:
				q.Text("substr(", d.RandomDigits(), fmt.Sprintf(", 1, %d)", p.Width))
			default:
				q.Text(d.String(p.Text))
			}
		})
	case pii.MaskRandom:
		switch pii.KindOfColumn(c.Field, strings.ToLower(string(c.Field.DataType))) {
		case pii.IntegerColumn:
			q.Text(d.RandomInteger(m.Width))
		case pii.UuidColumn:
			q.Text(d.RandomUUID())
		default:
			q.Text("substr(", d.RandomDigits(), fmt.Sprintf(", 1, %d)", m.Width))
		}
	case pii.MaskTruncate:
		q.Text(d.TruncateTime(q.Quoted("", c.Field.DBName), q.Tx.Dialector.DataTypeOf(c.Field), m.Unit))
	}
}

// idText is a row's key as the text that {id} stands for.
func idText(q *statement.Query, s *schema.Schema) string {
	parts := make([]string, len(s.PrimaryFields))
	for i, field := range s.PrimaryFields {
		parts[i] = q.Dialect.Text(q.Quoted("", field.DBName))
	}
	return strings.Join(parts, " || '-' || ")
}

// compute masks a column by a function of its value, row by row.
func (x *erasure) compute(tx statement.Session, t erasedrow.Place, c *pii.MaskedColumn, chunk []erasedrow.ReachedRow) error {
	if c.Mask.Word == pii.MaskFunc {
		return x.computeValues(tx, t, c, chunk)
	}
	q := tx.Silent().Query().Text("SELECT ").Column("", c.Field.DBName)
	erasedrow.KeysIn(q.Text(", ").Columns("", t.Key()).Text(" FROM ").Name(t.Table()).Text(" WHERE "), t, "", chunk)
	type change struct {
		key   []any
		value any
	}
	var changes []change
	err := q.Rows(func(scan func(...any) error) error {
		var text sql.NullString
		targets, values := statement.ScanTargets(len(t.Key()))
		if err := scan(append([]any{&text}, targets...)...); err != nil {
			return err
		}
		if text.Valid {
			changes = append(changes, change{key: values(), value: x.masked(c, text.String)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, change := range changes {
		if err := x.setValue(tx, t, c, change.key, change.value); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasure) setValue(tx statement.Session, t erasedrow.Place, c *pii.MaskedColumn, key []any, value any) error {
	q := tx.Silent().Query().Text("UPDATE ").Name(t.Table()).Text(" SET ").Name(c.Field.DBName).Text(" = ").Bind(value)
	_, err := erasedrow.KeysIn(q.Text(" WHERE "), t, "", []erasedrow.ReachedRow{{Key: key}}).Exec()
	return err
}

// masked is the new value for a text.
func (x *erasure) masked(c *pii.MaskedColumn, text string) any {
	switch c.Mask.Word {
	case pii.MaskHMAC:
		code := hmac.New(sha256.New, x.hmacKey)
		code.Write([]byte(c.Field.Schema.Table + "\x00" + c.Field.DBName + "\x00" + text))
		return hex.EncodeToString(code.Sum(nil))[:c.Mask.Width]
	case pii.MaskTruncate:
		if address, ok := truncateAddress(text); ok {
			return address
		}
		return policy.EmptyValue(c.Field, true)
	case pii.MaskJSON:
		document, ok := pii.MaskDocument(text, c.Mask.Paths)
		if !ok && !c.Field.NotNull {
			return nil
		}
		// A []byte stays one, as json.RawMessage does with type:json: SQLite would give a text back, which it cannot scan.
		if c.Field.GORMDataType == schema.Bytes {
			return []byte(document)
		}
		return document
	}
	return nil
}

// truncateAddress keeps the network of an address: /24 of IPv4, /48 of IPv6. ok is false for what is no address.
func truncateAddress(text string) (network string, ok bool) {
	text = strings.TrimSpace(text)
	address, err := netip.ParseAddr(text)
	if err != nil {
		if prefix, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
			address = prefix.Addr()
		} else if port, portErr := netip.ParseAddrPort(text); portErr == nil {
			address = port.Addr()
		} else {
			return "", false
		}
	}
	address = address.Unmap().WithZone("")
	bits := 48
	if address.Is4() {
		bits = 24
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return "", false
	}
	return prefix.Addr().String(), true
}

// computeValues gives the field's Go values to a masker. Its errors are told without their texts.
func (x *erasure) computeValues(tx statement.Session, t erasedrow.Place, c *pii.MaskedColumn, chunk []erasedrow.ReachedRow) error {
	for _, row := range chunk {
		if err := x.computeValue(tx, t, c, row); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasure) computeValue(tx statement.Session, t erasedrow.Place, c *pii.MaskedColumn, reached erasedrow.ReachedRow) error {
	s := t.Policy.Schema
	rows := reflect.New(reflect.SliceOf(s.ModelType))
	q := tx.Silent().Query().Text("SELECT ").Columns("", s.PrimaryFields).Text(", ").Column("", c.Field.DBName)
	erasedrow.KeysIn(q.Text(" FROM ").Name(t.Table()).Text(" WHERE "), t, "", []erasedrow.ReachedRow{reached})
	if err := q.Find(rows.Interface()); err != nil {
		return err
	}
	for i := range rows.Elem().Len() {
		result, err := x.maskerResult(tx.Statement.Context, c, rows.Elem().Index(i))
		if err != nil {
			return err
		}
		if err := x.setValue(tx, t, c, reached.Key, result); err != nil {
			return err
		}
	}
	return nil
}

// maskerResult is what a masker gives for the field of a row, as it can stand in the column.
func (x *erasure) maskerResult(ctx context.Context, c *pii.MaskedColumn, row reflect.Value) (any, error) {
	value, _ := c.Field.ValueOf(ctx, row)
	refuse := func(why string) error {
		return fmt.Errorf("%w: %s.%s: the masker %q %s; %s", fault.ErrUnsupported, c.Field.Schema.Name, c.Field.Name, c.Mask.Masker, why, x.nothingErased())
	}
	result, err := x.engine.Config.Maskers[c.Mask.Masker](ctx, value)
	if err != nil {
		return nil, refuse("failed")
	}
	if reason := pii.NewColumnSize(c.Field).Fits(result); reason != "" {
		return nil, refuse("gave what cannot stand in the column: " + reason)
	}
	if result != nil {
		if err := c.Field.Set(ctx, row, result); err != nil {
			return nil, refuse(fmt.Sprintf("gave a %T, the field is %s", result, c.Field.FieldType))
		}
		result, _ = c.Field.ValueOf(ctx, row)
	}
	return result, nil
}

// remove deletes the rows of models tagged pii:"delete", those that the walk reached last first.
func (x *erasure) remove(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range slices.Backward(fresh) {
		if m.Policy.Personal == nil || !m.Policy.Personal.Remove {
			continue
		}
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			q := tx.Query().Text("DELETE FROM ").Name(m.Table()).Text(" WHERE ")
			erasedrow.KeysIn(q, m.Place, "", chunk)
			err := x.logging(tx, m.Log(), func() error {
				_, err := q.Exec()
				return err
			})
			return x.quiet(tx, err, "deleting rows of", m.Table())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
