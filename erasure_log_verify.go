package softdelete

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room reads event logs before an erasure, for the values that are to be erased, and after it, for what is left of them.

// readLoggedSecrets reads the values that the events of a model's rows have in masked columns.
func (x *erasure) readLoggedSecrets(tx *gorm.DB, m *reachedModel) error {
	p := m.policy
	return x.eachEvents(tx, p, m.logKeys(), func(events []loggedEvent) error {
		for _, e := range events {
			if p.erases() || e.actor != "" || e.reason != "" {
				x.loggedRows[p]++
			}
			if p.personal == nil || len(p.personal.masked) == 0 {
				continue
			}
			columns, err := e.columns(p.log.Events)
			if err != nil {
				return err
			}
			for _, c := range p.personal.masked {
				if value := loggedValue(c.field, columns[c.field.DBName]); value.Valid {
					x.secrets.learn(c, value.String)
				}
			}
		}
		return nil
	})
}

// loggedValue is a column of an event as the text that readTexts gives for one of the table.
func loggedValue(field *schema.Field, data json.RawMessage) sql.NullString {
	if len(data) == 0 || string(data) == nothing {
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
func (x *erasure) verifyLog(tx *gorm.DB, m *reachedModel, residue map[string]int64) error {
	p := m.policy
	kept := map[string]*schema.Field{}
	for _, field := range p.loggedFields() {
		kept[field.DBName] = field
	}
	done := map[string]bool{}
	for _, row := range m.rows {
		done[row.log] = m.erased[row.text]
	}
	for _, row := range m.gone {
		done[row.log] = m.erased[row.mark()]
	}
	return x.eachEvents(tx, p, m.logKeys(), func(events []loggedEvent) error {
		if !done[events[0].key] { // by an earlier erasure, or by a later batch of this one
			return x.verifyOtherLog(p, events, kept, residue)
		}
		erased := map[string]json.RawMessage{}
		last := lastErased(events)
		if last < 0 && p.erases() {
			return fmt.Errorf("%w: the event log of %s does not know of erasures yet; run AutoMigrate, or the statements of softdelete.DDL; %s",
				ErrUnsupported, p.schema.Table, x.nothingErased())
		}
		if last >= 0 {
			var err error
			if erased, err = events[last].columns(p.log.Events); err != nil {
				return err
			}
		}
		for _, e := range events {
			columns, err := e.columns(p.log.Events)
			if err != nil {
				return err
			}
			if e.actor != "" || e.reason != "" {
				residue[fmt.Sprintf("table %s, columns actor and reason", p.log.Events)]++
			}
			for name, data := range columns {
				if x.leftInEvent(p, kept[name], data, erased[name]) {
					residue[fmt.Sprintf("table %s, column data, %s", p.log.Events, name)]++
				}
			}
		}
		return nil
	})
}

// verifyOtherLog looks into the events of a row that this transaction does not erase, where an erasure changes nothing.
func (x *erasure) verifyOtherLog(p *policy, events []loggedEvent, kept map[string]*schema.Field, residue map[string]int64) error {
	if p.personal != nil && p.personal.remove {
		return nil
	}
	for _, e := range events {
		columns, err := e.columns(p.log.Events)
		if err != nil {
			return err
		}
		for name, data := range columns {
			field := kept[name]
			if field != nil && field != p.actor && field != p.reason && p.otherText(field) && x.secrets.in(loggedValue(field, data).String) {
				residue[fmt.Sprintf("table %s, column data, %s", p.log.Events, name)]++
			}
		}
	}
	return nil
}

// leftInEvent tells whether a column of an event has a value that was to be erased. erased is that of the event of the erasure;
// field is nil for a column that the model no longer has.
func (x *erasure) leftInEvent(p *policy, field *schema.Field, data, erased json.RawMessage) bool {
	value := sql.NullString{}
	if field != nil {
		value = loggedValue(field, data)
	}
	switch {
	case string(data) == nothing:
		return false
	case field == nil:
		return true
	case p.personal != nil && p.personal.remove:
		return !field.PrimaryKey
	case p.masks(field):
		i := slices.IndexFunc(p.personal.masked, func(c *maskedColumn) bool { return c.field == field })
		mask := p.personal.masked[i].mask
		if !bytes.Equal(data, erased) {
			return true
		}
		if kindOfColumn(field, strings.ToLower(string(field.DataType))) == timeColumn {
			return false // verifyTimes asks the database
		}
		return mask.keptValue(sql.NullString{}, value) || (mask.word == maskFunc || mask.word == maskJSON) && x.secrets.in(value.String)
	}
	return p.otherText(field) && x.secrets.in(value.String)
}
