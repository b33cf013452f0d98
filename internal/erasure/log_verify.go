package erasure

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room reads event logs before an erasure, for the values that are to be erased, and after it, for what is left of them.

// readLoggedSecrets reads the values that the events of a model's rows have in masked columns.
func (x *verifier) readLoggedSecrets(tx statement.Session, m *reachedModel) error {
	p := m.Policy
	written, err := x.writtenByLog(tx.Statement.Context, m)
	if err != nil {
		return err
	}
	return x.logs.eachEvents(tx, p, m.logKeys(), func(events []loggedEvent) error {
		for _, e := range events {
			if p.Personal.Erases() || e.actor != "" || e.reason != "" {
				x.logs.loggedRows[p]++
			}
			if p.Personal == nil || len(p.Personal.Masked) == 0 {
				continue
			}
			columns, err := e.columns(p.Log.Events)
			if err != nil {
				return err
			}
			for i, c := range p.Personal.Masked {
				x.secrets.learn(c, loggedValue(c.Field, columns[c.Field.DBName]), written(e.key, i))
			}
		}
		return nil
	})
}

// writtenByLog gives what the masks foretell for a row, or would for one that is in the log only, by its key in the log and the
// place of the column.
func (x *verifier) writtenByLog(ctx context.Context, m *reachedModel) (func(key string, column int) sql.NullString, error) {
	all := make(map[string][]oldValue, len(m.rows)+len(m.gone))
	for _, row := range m.rows {
		all[row.Log] = x.secrets.old[m.Place][row.Text]
	}
	masked := x.masked(m.Place)
	if slices.ContainsFunc(masked, func(c *pii.MaskedColumn) bool { return c.Mask.Foretells() }) {
		for _, row := range m.gone {
			values, err := x.foretold(ctx, m.Policy, masked, row.log)
			if err != nil {
				return nil, err
			}
			all[row.log] = values
		}
	}
	return func(key string, column int) (written sql.NullString) {
		if values := all[key]; values != nil {
			written = values[column].written
		}
		return written
	}, nil
}

// foretold is what masks would write to a row with a key.
func (x *verifier) foretold(ctx context.Context, p *policy.Policy, masked []*pii.MaskedColumn, text string) ([]oldValue, error) {
	_, key, err := rowkey.Of(x.eraser.Dialect, p.Schema.PrimaryFields).Read(ctx, text)
	if err != nil {
		return nil, err
	}
	row := pii.Row{Columns: map[string]any{}}
	for i, field := range p.Schema.PrimaryFields {
		row.Columns[field.DBName] = key[i]
	}
	values := make([]oldValue, len(masked))
	for i, c := range masked {
		if !c.Mask.Foretells() {
			continue
		}
		value, err := c.Mask.Of(ctx, row)
		if err != nil {
			return nil, err
		}
		values[i].written = sql.NullString{String: rowkey.TextOf(value), Valid: true}
	}
	return values, nil
}

// loggedValue is a column of an event as the text that readTexts gives for one of the table.
func loggedValue(field *schema.Field, data json.RawMessage) sql.NullString {
	if len(data) == 0 || string(data) == pii.Nothing {
		return sql.NullString{}
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return sql.NullString{String: string(data), Valid: true}
	}
	if field.GORMDataType == schema.Bytes {
		if value, err := hex.DecodeString(strings.TrimPrefix(text, `\x`)); err == nil {
			text = string(value)
		}
	}
	return sql.NullString{String: text, Valid: true}
}

// verifyLog reads the events of a model's rows again.
func (x *verifier) verifyLog(tx statement.Session, m *reachedModel, residue map[string]int64) error {
	p := m.Policy
	kept := map[string]*schema.Field{}
	for _, field := range p.LoggedFields() {
		kept[field.DBName] = field
	}
	done, erased := map[string]bool{}, x.reach.model(m.Place).erased
	for _, row := range m.rows {
		done[row.Log] = erased[row.Text]
	}
	for _, row := range m.gone {
		done[row.log] = erased[row.mark()]
	}
	return x.logs.eachEvents(tx, p, m.logKeys(), func(events []loggedEvent) error {
		if !done[events[0].key] { // by an earlier erasure, or by a later batch of this one
			return x.verifyOtherLog(p, events, kept, residue)
		}
		erased := map[string]json.RawMessage{}
		last := lastErased(events)
		if last < 0 && p.Personal.Erases() {
			return fmt.Errorf("%w: the event log of %s does not know of erasures yet; run AutoMigrate, or the statements of softdelete.DDL; %s",
				fault.ErrUnsupported, p.Table, x.nothingErased())
		}
		if last >= 0 {
			var err error
			if erased, err = events[last].columns(p.Log.Events); err != nil {
				return err
			}
		}
		for _, e := range events {
			columns, err := e.columns(p.Log.Events)
			if err != nil {
				return err
			}
			if e.actor != "" || e.reason != "" {
				residue[fmt.Sprintf("table %s, columns actor and reason", p.Log.Events)]++
			}
			for name, data := range columns {
				if x.leftInEvent(p, kept[name], data, erased[name]) {
					residue[fmt.Sprintf("table %s, column data, %s", p.Log.Events, name)]++
				}
			}
		}
		return nil
	})
}

// verifyOtherLog looks into the events of a row that this transaction does not erase, where an erasure changes nothing.
func (x *verifier) verifyOtherLog(p *policy.Policy, events []loggedEvent, kept map[string]*schema.Field, residue map[string]int64) error {
	if p.Personal != nil && p.Personal.Remove {
		return nil
	}
	for _, e := range events {
		columns, err := e.columns(p.Log.Events)
		if err != nil {
			return err
		}
		for name, data := range columns {
			field := kept[name]
			if field != nil && field != p.Actor && field != p.Reason && otherText(p, field) && x.secrets.in(loggedValue(field, data).String) {
				residue[fmt.Sprintf("table %s, column data, %s", p.Log.Events, name)]++
			}
		}
	}
	return nil
}

// leftInEvent tells whether a column of an event has a value that was to be erased. erased is that of the event of the erasure;
// field is nil for a column that the model no longer has.
func (x *verifier) leftInEvent(p *policy.Policy, field *schema.Field, data, erased json.RawMessage) bool {
	value := sql.NullString{}
	if field != nil {
		value = loggedValue(field, data)
	}
	switch {
	case string(data) == pii.Nothing:
		return false
	case field == nil:
		return true
	case p.Personal != nil && p.Personal.Remove:
		return !field.PrimaryKey
	case p.Personal.Masks(field):
		i := slices.IndexFunc(p.Personal.Masked, func(c *pii.MaskedColumn) bool { return c.Field == field })
		mask := p.Personal.Masked[i].Mask
		if !bytes.Equal(data, erased) {
			return true
		}
		if x.reckoned[field] {
			return value.Valid && x.secrets.in(value.String)
		}
		if pii.KindOf(field) == pii.TimeColumn {
			return false // verifyTimes asks the database
		}
		return mask.Left(sql.NullString{}, value, x.secrets.in)
	}
	if x.reckoned[field] && p.Personal.Erases() && !bytes.Equal(data, erased) {
		return true
	}
	return otherText(p, field) && x.secrets.in(value.String)
}
