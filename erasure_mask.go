package softdelete

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

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// This room writes the masks: in SQL, one statement for many rows, or, where the new value is a function of the old one that
// SQL cannot reckon, row by row in batches whose statements no logger sees.

// mask masks the rows, model by model.
func (x *erasure) mask(tx *gorm.DB, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.policy.personal == nil || !m.policy.personal.remove {
			if err := x.maskModel(tx, m); err != nil {
				return err
			}
		}
		x.done(m)
	}
	return nil
}

func (x *erasure) maskModel(tx *gorm.DB, m *reachedModel) error {
	table := m.table()
	return chunks(m.rows, func(chunk []reachedRow) error {
		if data := m.policy.personal; data != nil {
			for _, c := range data.masked {
				if c.mask.computed() {
					if err := x.compute(tx, m.place, c, chunk); err != nil {
						return x.quiet(tx, err, "masking "+c.field.DBName+" of", table)
					}
				}
			}
		}
		err := x.logging(tx, m.log(), func() error { return x.maskSet(tx, m.place, chunk) })
		return x.quiet(tx, err, "masking", table)
	})
}

// maskSet masks what SQL can, and clears actor and reason, by one statement. It is what the event log, if there is one, takes
// for the erasure of the row.
func (x *erasure) maskSet(tx *gorm.DB, t place, chunk []reachedRow) error {
	p := t.policy
	strangers, err := x.strangers(tx, t)
	if err != nil {
		return err
	}
	q := newQuery(tx, x.engine.dialect).text("UPDATE ").name(t.table()).text(" SET ")
	any := false
	set := func(column string, value func()) {
		if any {
			q.text(", ")
		}
		any = true
		q.name(column).text(" = ")
		value()
	}
	if p.personal != nil {
		for _, c := range p.personal.masked {
			if !c.mask.computed() {
				set(c.field.DBName, func() { x.maskExpression(q, c) })
			}
		}
	}
	for _, field := range t.texts() {
		set(field.DBName, func() { q.bind(emptyValue(field, true)) })
	}
	for _, name := range strangers {
		set(name, func() { q.text("NULL") })
	}
	masked := p.personal != nil && len(p.personal.masked) > 0
	if t.log() != nil && masked && !any { // all masks are computed, by statements of their own
		field := p.personal.masked[0].field
		set(field.DBName, func() { q.name(field.DBName) })
	}
	if !any {
		return nil
	}
	q.text(" WHERE ").keysIn(t, "", chunk)
	if t.log() != nil && !masked { // no event for a row of which nothing was erased
		q.text(" AND (1 = 0")
		for _, field := range t.texts() {
			q.text(" OR ").name(field.DBName).text(" <> ''")
		}
		q.text(")")
	}
	_, err = q.exec()
	return err
}

// masks tells whether an erasure masks the field.
func (p *policy) masks(field *schema.Field) bool {
	return p.personal != nil && slices.ContainsFunc(p.personal.masked, func(c *maskedColumn) bool { return c.field == field })
}

// maskExpression writes the new value of a column.
func (x *erasure) maskExpression(q *query, c *maskedColumn) {
	m, d := c.mask, q.dialect
	switch m.word {
	case maskNull:
		q.text("NULL")
	case maskZero, maskFixed:
		q.bind(m.value)
	case maskTemplate:
		joined(q, m.pieces, " || ", func(p piece) {
			switch {
			case p.id:
				q.text(d.Text("(" + q.idText(c.field.Schema) + ")"))
			case p.width > 0:
				q.text("substr(", d.RandomDigits(), fmt.Sprintf(", 1, %d)", p.width))
			default:
				q.text(d.String(p.text))
			}
		})
	case maskRandom:
		switch kindOfColumn(c.field, strings.ToLower(string(c.field.DataType))) {
		case integerColumn:
			q.text(d.RandomInteger(m.width))
		case uuidColumn:
			q.text(d.RandomUUID())
		default:
			q.text("substr(", d.RandomDigits(), fmt.Sprintf(", 1, %d)", m.width))
		}
	case maskTruncate:
		q.text(d.TruncateTime(q.quoted("", c.field.DBName), q.tx.Dialector.DataTypeOf(c.field), m.unit))
	}
}

// idText is a row's key as the text that {id} stands for.
func (q *query) idText(s *schema.Schema) string {
	parts := make([]string, len(s.PrimaryFields))
	for i, field := range s.PrimaryFields {
		parts[i] = q.dialect.Text(q.quoted("", field.DBName))
	}
	return strings.Join(parts, " || '-' || ")
}

// silent is a session whose statements no logger sees: they carry values.
func silent(tx *gorm.DB) *gorm.DB {
	return inWork(tx, tx.Statement.Context).Session(&gorm.Session{NewDB: true, Logger: logger.Discard, SkipHooks: true})
}

// compute masks a column by a function of its value, row by row.
func (x *erasure) compute(tx *gorm.DB, t place, c *maskedColumn, chunk []reachedRow) error {
	if c.mask.word == maskFunc {
		return x.computeValues(tx, t, c, chunk)
	}
	q := newQuery(silent(tx), x.engine.dialect).text("SELECT ").column("", c.field.DBName)
	q.text(", ").columns("", t.key()).text(" FROM ").name(t.table()).text(" WHERE ").keysIn(t, "", chunk)
	type change struct {
		key   []any
		value any
	}
	var changes []change
	err := q.rows(func(scan func(...any) error) error {
		var text sql.NullString
		targets, values := scanTargets(len(t.key()))
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

func (x *erasure) setValue(tx *gorm.DB, t place, c *maskedColumn, key []any, value any) error {
	q := newQuery(silent(tx), x.engine.dialect).text("UPDATE ").name(t.table()).text(" SET ").name(c.field.DBName).text(" = ").bind(value)
	_, err := q.text(" WHERE ").keysIn(t, "", []reachedRow{{key: key}}).exec()
	return err
}

// masked is the new value for a text.
func (x *erasure) masked(c *maskedColumn, text string) any {
	switch c.mask.word {
	case maskHMAC:
		code := hmac.New(sha256.New, x.hmacKey)
		code.Write([]byte(c.field.Schema.Table + "\x00" + c.field.DBName + "\x00" + text))
		return hex.EncodeToString(code.Sum(nil))[:c.mask.width]
	case maskTruncate:
		if address, ok := truncateAddress(text); ok {
			return address
		}
		return emptyValue(c.field, true)
	case maskJSON:
		document, ok := maskDocument(text, c.mask.paths)
		if !ok && !c.field.NotNull {
			return nil
		}
		// A []byte stays one, as json.RawMessage does with type:json: SQLite would give a text back, which it cannot scan.
		if c.field.GORMDataType == schema.Bytes {
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
func (x *erasure) computeValues(tx *gorm.DB, t place, c *maskedColumn, chunk []reachedRow) error {
	for _, row := range chunk {
		if err := x.computeValue(tx, t, c, row); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasure) computeValue(tx *gorm.DB, t place, c *maskedColumn, reached reachedRow) error {
	s := t.policy.schema
	rows := reflect.New(reflect.SliceOf(s.ModelType))
	q := newQuery(silent(tx), x.engine.dialect).text("SELECT ").columns("", s.PrimaryFields).text(", ").column("", c.field.DBName)
	q.text(" FROM ").name(t.table()).text(" WHERE ").keysIn(t, "", []reachedRow{reached})
	if err := q.find(rows.Interface()); err != nil {
		return err
	}
	for i := range rows.Elem().Len() {
		result, err := x.maskerResult(tx.Statement.Context, c, rows.Elem().Index(i))
		if err != nil {
			return err
		}
		if err := x.setValue(tx, t, c, reached.key, result); err != nil {
			return err
		}
	}
	return nil
}

// maskerResult is what a masker gives for the field of a row, as it can stand in the column.
func (x *erasure) maskerResult(ctx context.Context, c *maskedColumn, row reflect.Value) (any, error) {
	value, _ := c.field.ValueOf(ctx, row)
	refuse := func(why string) error {
		return fmt.Errorf("%w: %s.%s: the masker %q %s; %s", ErrUnsupported, c.field.Schema.Name, c.field.Name, c.mask.masker, why, x.nothingErased())
	}
	result, err := x.engine.plugin.config.Maskers[c.mask.masker](ctx, value)
	if err != nil {
		return nil, refuse("failed")
	}
	if reason := newColumnSize(c.field).fits(result); reason != "" {
		return nil, refuse("gave what cannot stand in the column: " + reason)
	}
	if result != nil {
		if err := c.field.Set(ctx, row, result); err != nil {
			return nil, refuse(fmt.Sprintf("gave a %T, the field is %s", result, c.field.FieldType))
		}
		result, _ = c.field.ValueOf(ctx, row)
	}
	return result, nil
}

// remove deletes the rows of models tagged pii:"delete", those that the walk reached last first.
func (x *erasure) remove(tx *gorm.DB, fresh []*reachedModel) error {
	for _, m := range slices.Backward(fresh) {
		if m.policy.personal == nil || !m.policy.personal.remove {
			continue
		}
		err := chunks(m.rows, func(chunk []reachedRow) error {
			q := newQuery(tx, x.engine.dialect).text("DELETE FROM ").name(m.table()).text(" WHERE ")
			q.keysIn(m.place, "", chunk)
			err := x.logging(tx, m.log(), func() error {
				_, err := q.exec()
				return err
			})
			return x.quiet(tx, err, "deleting rows of", m.table())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
