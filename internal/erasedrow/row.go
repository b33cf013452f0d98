// Package erasedrow keeps the record of rows whose personal data is erased, by their keys and by what the erasure left in them, so
// that nobody writes the old values back and no later row with the same key is taken for an erased one.
package erasedrow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room keeps erased rows erased: it knows them by table, key and time of creation, and refuses whatever would fill
// their personal columns again or bring them back.

// Row is a row of the table softdelete_erased_rows: a row whose personal data was erased.
type Row struct {
	Table     string    `gorm:"column:table_name;primaryKey;size:128"`
	Key       string    `gorm:"column:row_key;primaryKey;size:512"`
	Created   int64     `gorm:"column:created"` // when the row was made, so that another one with the same key is not taken for it; 0 for unknown
	RequestID string    `gorm:"column:request_id;size:128;index"`
	ErasedAt  time.Time `gorm:"column:erased_at"`
	// Digest is the hash of what the erasure left in the columns that it masks. The record counts for a row that still has that.
	Digest string `gorm:"column:digest;size:64;not null;default:''"`
	// Gone tells that the row was removed. Such a record counts for no row that is there: it keeps the old one from coming back.
	Gone bool `gorm:"column:gone;not null;default:false"`
}

// TableName implements schema.Tabler.
func (Row) TableName() string { return "softdelete_erased_rows" }

// Table is the table of erased rows.
var Table = statement.NewOwn[Row]()

// Records knows whether the table of erased rows is there, once it is.
type Records struct {
	there atomic.Bool
}

// There tells whether the table of erased rows is there. Without it nothing has been erased.
func (r *Records) There(tx statement.Session) (bool, error) {
	if r.there.Load() {
		return true, nil
	}
	session := tx.InWork(tx.Statement.Context)
	session.Config.DryRun = false // a session that only rehearses asks too
	// Wherever statements find it: on a search path it may stand in another schema than the first.
	name, err := session.Dialect.SameName(statement.OnWriter(session.DB), Table.Name())
	if err != nil || name == "" {
		return false, err
	}
	r.there.Store(true)
	return true, nil
}

// Recorded gives what is recorded of a model's rows under the name of a table, by their texts.
func Recorded(tx statement.Session, p *policy.Policy, table string, rows []ReachedRow) (map[string]Row, error) {
	found := map[string]Row{}
	key := rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)
	texts, exact := make([]string, 0, len(rows)), map[string]string{}
	for _, row := range rows {
		texts = append(texts, row.Text)
		if earlier, differs := key.Earlier(row.Text); differs {
			texts, exact[earlier] = append(texts, earlier), row.Text
		}
	}
	q := tx.Query().Text("SELECT row_key, created, digest, gone FROM ").Name(Row{}.TableName()).Text(" WHERE table_name = ").Bind(table)
	q.Text(" AND ").Among("", "row_key", statement.Values(texts))
	err := q.Rows(func(scan func(...any) error) error {
		var row Row
		if err := scan(&row.Key, &row.Created, &row.Digest, &row.Gone); err != nil {
			return err
		}
		row.Table = table
		if now, earlier := exact[row.Key]; earlier {
			if _, known := found[now]; !known {
				found[now] = row
			}
			return nil
		}
		found[row.Key] = row
		return nil
	})
	return found, err
}

// Alike gives the texts under which rows are recorded that are none of these and have, to the columns of the model's table, the keys of
// some of these: each with the number of one.
func Alike(tx statement.Session, f *statement.Folding, p *policy.Policy, rows []ReachedRow) ([]statement.Alike, error) {
	key, keys := rowkey.Of(tx.Dialect, p.Schema.PrimaryFields), make([][]any, len(rows))
	for i, row := range rows {
		keys[i] = row.Key
	}
	alike, err := f.Others(tx, p.Table, p.Schema.PrimaryFields, keys, statement.Other{
		Table: Row{}.TableName(), Column: "row_key",
		Where: func(q *statement.Query) { q.Name("table_name").Text(" = ").Bind(p.Table) },
		Read: func(text string) ([]any, error) {
			_, values, err := key.Read(tx.Statement.Context, text)
			return values, err
		},
	})
	return slices.DeleteFunc(alike, func(a statement.Alike) bool { return a.Text == rows[a.Key].Text }), err
}

// recordedAs lists what a row may be recorded as, with expressions for its text.
func recordedAs(q *statement.Query, t policy.Place, table string) (forms []struct{ table, text string }) {
	own := func(column string) string { return q.Quoted(table, column) }
	key := rowkey.Of(q.Dialect, t.Policy.Schema.PrimaryFields)
	add := func(recorded, text string) { forms = append(forms, struct{ table, text string }{recorded, text}) }
	marked := func(text string) string {
		return q.Dialect.Concat(text, q.Dialect.String(ArchivedMark), own(t.Policy.ID.DBName))
	}
	earlier, differs := key.EarlierSQL(own)
	add(t.Policy.Table, key.SQL(own))
	if differs {
		add(t.Policy.Table, earlier)
	}
	if t.Archived {
		add(t.Table(), marked(key.SQL(own)))
		if differs {
			add(t.Table(), marked(earlier))
		}
	}
	return forms
}

// IsErased writes the condition that a row of the model is an erased one, an archived one here or in the model's table before.
func IsErased(q *statement.Query, t policy.Place, table string) *statement.Query {
	s := t.Policy.Schema
	q.Text("EXISTS (SELECT 1 FROM ").Name(Row{}.TableName()).Text(" AS softdelete_erased WHERE (")
	for i, form := range recordedAs(q, t, table) {
		if i > 0 {
			q.Text(" OR ")
		}
		q.Text("softdelete_erased.table_name = ", q.Dialect.String(form.table), " AND softdelete_erased.row_key = ", form.text)
	}
	q.Text(")")
	return Created(q.Text(" AND NOT softdelete_erased.gone AND softdelete_erased.created = "), s, table).Text(")")
}

// Protected lists the columns of an erased row that stay as they are: the masked ones, and those that tell which row it is.
func Protected(p *policy.Policy) []*schema.Field {
	if p.Personal == nil || len(p.Personal.Masked) == 0 {
		return nil
	}
	var fields []*schema.Field
	for _, c := range p.Personal.Masked {
		fields = append(fields, c.Field)
	}
	if field := policy.Creation(p.Schema); field != nil {
		fields = append(fields, field)
	}
	return append(fields, p.Schema.PrimaryFields...)
}

func ErasedError(p *policy.Policy, key string) error {
	return fault.StaysErased(p.Table, key,
		"the row with key %s in table %s; its personal columns stay masked, leave them out with Omit or Select", key, p.Table)
}

// Created writes a row's time of creation as an integer, 0 where the model has none.
func Created(q *statement.Query, s *schema.Schema, table string) *statement.Query {
	field := policy.Creation(s)
	if field == nil {
		return q.Text("0")
	}
	kind := dialect.Native
	if field.GORMDataType == schema.Int || field.GORMDataType == schema.Uint {
		kind = dialect.Integer
	}
	return q.Text("COALESCE(", q.Dialect.Nanoseconds(q.Quoted(table, field.DBName), kind, time.Nanosecond), ", 0)")
}

// Need refuses an erasure where the tables are missing.
func (r *Records) Need(tx statement.Session) error {
	there, err := r.There(tx)
	if err == nil && !there {
		err = fmt.Errorf("%w: an erasure needs its tables; create them with db.AutoMigrate(softdelete.Tables()...)", fault.ErrUnsupported)
	}
	return err
}

func TablesError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the tables of erasures cannot be read; create them with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

func HashOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}
