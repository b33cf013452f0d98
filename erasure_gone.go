package softdelete

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room keeps erased rows gone: those that an erasure removed, and those that were removed after one. A Save or an upsert
// of a value that was read before would bring the person back. A plain Create makes a new row, under an old key as well.

// freshKey is where, in a statement's settings, the plain Create stands that it is part of; associations inherit it.
type freshKey struct{}

// beginCreate begins the write of a statement that creates rows, and notes one that does nothing else.
func (e *engine) beginCreate(db *gorm.DB) {
	if _, upserts := onConflict(db.Statement); !upserts {
		db.Statement.Settings.Store(freshKey{}, db.Statement)
	}
	e.beginWrite(db)
}

// endCreate ends it.
func (e *engine) endCreate(db *gorm.DB) {
	if stmt, ok := db.Statement.Settings.Load(freshKey{}); ok && stmt == db.Statement {
		db.Statement.Settings.Delete(freshKey{})
	}
	e.endWrite(db)
}

// givenKey is a key that a statement creates a row with.
type givenKey struct {
	reachedRow
	dated bool // it comes with a time of creation
}

// keysGiven lists the keys that a statement creates rows with, those apart that the database makes.
func (e *engine) keysGiven(stmt *gorm.Statement, s *schema.Schema) (list []givenKey) {
	clock := creation(s)
	eachCreated(stmt, func(row created) {
		var given givenKey
		parts := make([]string, len(s.PrimaryFields))
		zero := true
		for i, field := range s.PrimaryFields {
			value, ok := row.value(field)
			if !ok || computed(value) {
				return
			}
			if value, ok = plainValue(value); !ok {
				return
			}
			given.key = append(given.key, value)
			parts[i] = e.rowKeyPart(field, value)
			zero = zero && (parts[i] == "" || parts[i] == "0")
		}
		if zero || len(parts) == 0 {
			return
		}
		given.text = rowKeyText(parts)
		if clock != nil {
			if value, ok := row.value(clock); ok {
				given.created, given.dated = creationOf(value)
			}
		}
		list = append(list, given)
	})
	return list
}

// creationOf is a time of creation as the table of erased rows has it.
func creationOf(value any) (created int64, ok bool) {
	value, _ = plainValue(value)
	switch value := value.(type) {
	case time.Time:
		return value.UnixNano(), !value.IsZero()
	case int64:
		return value, value != 0
	case int:
		return int64(value), value != 0
	case uint64:
		return int64(value), value != 0
	case uint:
		return int64(value), value != 0
	}
	return 0, false
}

// guardErasedInsert refuses to write an erased row back that is gone. A new row that takes the key of one makes the old one
// forgotten, where nothing but the key tells them apart.
func (e *engine) guardErasedInsert(db *gorm.DB, p *policy) error {
	stmt := db.Statement
	_, fresh := stmt.Settings.Load(freshKey{})
	dates := creation(p.schema) != nil
	given := e.keysGiven(stmt, p.schema)
	if fresh && dates { // a row without a time of creation gets one of its own
		given = slices.DeleteFunc(given, func(key givenKey) bool { return !key.dated })
	}
	if len(given) == 0 {
		return nil
	}
	tx := inWork(db, stmt.Context)
	if err := e.lockWriter(tx, p); err != nil {
		return err
	}
	known, err := e.erasuresKnown(tx)
	if err != nil || !known {
		return err
	}
	return chunks(given, func(chunk []givenKey) error {
		gone, err := e.goneAmong(tx, p, chunk)
		if err != nil || len(gone) == 0 {
			return err
		}
		if !fresh || dates {
			return fmt.Errorf("%w: the row with key %s in table %s is gone and stays so; a new row that takes its key is written with "+
				"Create, without ON CONFLICT and without the old time of creation", ErrErased, keyText(gone[0].key), p.schema.Table)
		}
		q := newQuery(tx, e.dialect).text("DELETE FROM ").name(erasedRow{}.TableName()).text(" WHERE table_name = ").bind(p.schema.Table)
		q.text(" AND row_key IN (")
		_, err = joined(q, gone, ", ", func(key givenKey) { q.bind(key.text) }).text(")").exec()
		return err
	})
}

// goneAmong gives those keys whose rows were erased and are not in the model's table.
func (e *engine) goneAmong(tx *gorm.DB, p *policy, given []givenKey) ([]givenKey, error) {
	rows := make([]reachedRow, len(given))
	for i, key := range given {
		rows[i] = key.reachedRow
	}
	records, err := e.erasedRows(tx, p.schema.Table, rows)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	gone := slices.DeleteFunc(slices.Clone(given), func(key givenKey) bool {
		record, erased := records[key.text]
		return !erased || record.Created != 0 && !(key.dated && e.sameMoment(record.Created, key.created))
	})
	if len(gone) == 0 {
		return nil, nil
	}
	q := newQuery(tx, e.dialect).text("SELECT ").rowKey(p.schema, p.schema.Table).text(" FROM ").name(p.schema.Table).text(" WHERE ")
	q.key(p.schema.Table, p.schema.PrimaryFields).text(" IN (")
	joined(q, gone, ", ", func(key givenKey) { q.tuple(key.key) }).text(")")
	there := map[string]bool{}
	err = q.rows(func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		there[text] = true
		return err
	})
	return slices.DeleteFunc(gone, func(key givenKey) bool { return there[key.text] }), err
}

// sameMoment tells whether two times of creation are the same, as far as the database keeps them.
func (e *engine) sameMoment(a, b int64) bool {
	return time.Duration(a-b).Abs() <= e.dialect.Precision
}
