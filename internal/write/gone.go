package write

import (
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room keeps erased rows gone: those that an erasure removed, and those that were removed after one. A Save or an upsert
// of a value that was read before would bring the person back. A plain Create makes a new row, under an old key as well.

// freshKey is where, in a statement's settings, the plain Create stands that it is part of; associations inherit it.
type freshKey struct{}

// BeginCreate begins the write of a statement that creates rows, and notes one that does nothing else.
func (g *Guards) BeginCreate(db *gorm.DB) {
	if _, upserts := onConflict(db.Statement); !upserts {
		db.Statement.Settings.Store(freshKey{}, db.Statement)
	}
	g.BeginWrite(db)
}

// EndCreate ends it.
func EndCreate(db *gorm.DB) {
	if stmt, ok := db.Statement.Settings.Load(freshKey{}); ok && stmt == db.Statement {
		db.Statement.Settings.Delete(freshKey{})
	}
	EndWrite(db)
}

// givenKey is a key that a statement creates a row with.
type givenKey struct {
	erasedrow.ReachedRow
	dated bool // it comes with a time of creation
	// recorded are the texts under which a row with the key was erased.
	recorded []string
}

// keysGiven lists the keys that a statement creates rows with, those apart that the database makes.
func keysGiven(key rowkey.Key, stmt *gorm.Statement, s *schema.Schema) (list []givenKey) {
	clock := policy.Creation(s)
	eachCreated(stmt, func(row created) {
		var given givenKey
		zero := true
		for _, field := range s.PrimaryFields {
			value, ok := row.value(field)
			if !ok || computed(value) {
				return
			}
			given.Key = append(given.Key, value)
			zero = zero && reflect.ValueOf(value).IsZero()
		}
		if zero {
			return
		}
		given.Text = key.Exact(given.Key)
		if clock != nil {
			if value, ok := row.value(clock); ok {
				given.Created, given.dated = erasedrow.CreationOf(value)
			}
		}
		list = append(list, given)
	})
	return list
}

// GuardErasedInsert refuses to write an erased row back that is gone. A new row that takes the key of one makes the old one
// forgotten, where nothing but the key tells them apart.
func (g *Guards) GuardErasedInsert(db *gorm.DB, p *policy.Policy) error {
	stmt := db.Statement
	_, fresh := stmt.Settings.Load(freshKey{})
	dates := policy.Creation(p.Schema) != nil
	given := keysGiven(rowkey.Of(g.Dialect, p.Schema.PrimaryFields), stmt, p.Schema)
	if fresh && dates { // a row without a time of creation gets one of its own
		given = slices.DeleteFunc(given, func(key givenKey) bool { return !key.dated })
	}
	if len(given) == 0 {
		return nil
	}
	tx, known, err := g.amongErased(db, p)
	if err != nil || !known {
		return err
	}
	return statement.Chunks(given, func(chunk []givenKey) error {
		gone, err := g.goneAmong(tx, p, chunk)
		if err != nil || len(gone) == 0 {
			return err
		}
		if !fresh || dates {
			key := rowkey.KeyText(gone[0].Key)
			return fault.StaysErased(p.Table, key, "the row with key %s in table %s is gone and stays so; a new row that takes its key is "+
				"written with Create, without ON CONFLICT and without the old time of creation", key, p.Table)
		}
		q := erasedrow.Table.Delete(tx).Text("table_name = ").Bind(p.Table)
		var texts []string
		for _, key := range gone {
			texts = append(texts, key.recorded...)
		}
		_, err = q.Text(" AND ").Among("", "row_key", statement.Values(texts)).Exec()
		return err
	})
}

// goneAmong gives those keys whose rows were erased and are not in the model's table.
func (g *Guards) goneAmong(tx statement.Session, p *policy.Policy, given []givenKey) (gone []givenKey, err error) {
	rows, known := make([]erasedrow.ReachedRow, len(given)), make([][]string, len(given))
	for i, key := range given {
		rows[i], known[i] = key.ReachedRow, []string{key.Text}
	}
	alike, err := erasedrow.Alike(tx, &g.Folding, p, rows)
	if err != nil {
		return nil, err
	}
	for _, a := range alike {
		rows, known[a.Key] = append(rows, erasedrow.ReachedRow{Text: a.Text}), append(known[a.Key], a.Text)
	}
	records, err := erasedrow.Recorded(tx, p, p.Table, rows)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	for i, key := range given {
		for _, text := range known[i] {
			record, erased := records[text]
			if erased && (!key.dated || record.Created == 0 || erasedrow.SameMoment(g.Dialect, p.Schema, record.Created, key.Created)) {
				key.recorded = append(key.recorded, text)
			}
		}
		if len(key.recorded) > 0 {
			gone = append(gone, key)
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	fields, keys := p.Schema.PrimaryFields, make([][]any, len(gone))
	for i, key := range gone {
		keys[i] = key.Key
	}
	q := tx.Query().Text("SELECT ").Columns("", fields).Text(" FROM ").Name(p.Table).Text(" WHERE ")
	found, err := q.KeyAmong(statement.Table{Name: p.Table}, fields, keys).KeyValues(len(fields))
	if err != nil || len(found) == 0 {
		return gone, err
	}
	texts, err := g.Folding.Texts(tx, p.Table, fields, slices.Concat(keys, found))
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, text := range texts[len(keys):] {
		there[text] = true
	}
	var absent []givenKey
	for i, key := range gone {
		if !there[texts[i]] {
			absent = append(absent, key)
		}
	}
	return absent, nil
}
