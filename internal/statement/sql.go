// Package statement is how the plugin talks to the database: sessions with their dialect, the SQL that it writes itself, the
// conditions that tell rows apart, and the unit of work that several statements are one in.
package statement

import (
	"context"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Query is one SQL statement of the plugin's own while it is written. Names are quoted by the database's dialector, values
// bound; it runs through GORM's callbacks, so that loggers and tracers see it.
type Query struct {
	Tx      *gorm.DB
	Stmt    *gorm.Statement
	Dialect *dialect.Dialect

	now     bool         // see Now
	withs   []withClause // see With
	opening opening      // see Temporary
}

// ownStatement marks a statement as the plugin's own in its settings.
type ownStatement struct{}

// NewQuery starts a statement on the connection of db, in its transaction if it is in one.
func NewQuery(db *gorm.DB, d *dialect.Dialect) *Query {
	tx := db.Session(&gorm.Session{NewDB: true, Initialized: true})
	tx.Statement.Settings.Store(ownStatement{}, true)
	tx.Statement.SQL.Grow(UsualLength)
	return &Query{Tx: tx, Stmt: tx.Statement, Dialect: d}
}

// UsualLength is the room that statements are given at the start: few are longer, and their text is not moved as it grows.
const UsualLength = 200

// Text writes SQL as it is.
func (q *Query) Text(parts ...string) *Query {
	for _, part := range parts {
		q.Stmt.SQL.WriteString(part)
	}
	return q
}

// Name writes a quoted identifier; one with a dot is a table in a schema.
func (q *Query) Name(name string) *Query {
	q.Stmt.DB.Dialector.QuoteTo(&q.Stmt.SQL, name)
	return q
}

// Column writes a quoted column of a table or alias; an empty table leaves the column alone.
func (q *Query) Column(table, column string) *Query {
	if table != "" {
		q.Name(table).Text(".")
	}
	return q.Name(column)
}

// Quoted gives a quoted column as text, for the dialect's expressions.
func (q *Query) Quoted(table, column string) string {
	if table == "" {
		return QuoteName(q.Tx, column)
	}
	return QuoteName(q.Tx, table) + "." + QuoteName(q.Tx, column)
}

// Bind writes a bound value, or an expression such as a sub-query of the caller's.
func (q *Query) Bind(value any) *Query {
	q.Stmt.AddVar(&q.Stmt.SQL, value)
	return q
}

// BindAs writes a bound value with its type, an instant's or else a text's, where the database could not tell it.
func (q *Query) BindAs(value any, instant bool) *Query {
	open, shut := q.Dialect.Typed(instant)
	return q.Text(open).Bind(value).Text(shut)
}

// literal writes SQL text that may have bound values of its own.
func (q *Query) Expression(e clause.Expression) *Query {
	e.Build(q.Stmt)
	return q
}

// Opaque writes a condition on marks so that a planner that goes by estimates has none for it. Marks are news to it: it
// expects no row to have them, at every level of a walk, and would join what are thousands of rows by comparing each with
// each. Like this it follows the relations' keys.
func (q *Query) Opaque(condition func()) *Query {
	if !q.Dialect.Has(dialect.Estimates) {
		condition()
		return q
	}
	return q.Apart(condition)
}

// Beside writes a condition on marks beside keys, by which an index finds the rows or does not. See Opaque; and where nothing is known of
// an index, one on the marks might be taken.
func (q *Query) Beside(indexed bool, condition func()) *Query {
	if indexed && q.Dialect.Has(dialect.FirstIndex) {
		return q.Apart(condition)
	}
	return q.Opaque(condition)
}

// Apart writes a condition by which no index finds rows.
func (q *Query) Apart(condition func()) *Query {
	q.Text("COALESCE(")
	condition()
	return q.Text(", FALSE)")
}

// Joined writes what each gives for the items, with a separator between them.
func Joined[T any](q *Query, items []T, separator string, each func(T)) *Query {
	for i, item := range items {
		if i > 0 {
			q.Text(separator)
		}
		each(item)
	}
	return q
}

// Columns writes the fields' columns of a table, with commas.
func (q *Query) Columns(table string, fields []*schema.Field) *Query {
	return Joined(q, fields, ", ", func(field *schema.Field) { q.Column(table, field.DBName) })
}

// Key writes the model's primary key as one value: the column, or a row of columns in parentheses.
func (q *Query) Key(table string, fields []*schema.Field) *Query {
	if len(fields) == 1 {
		return q.Columns(table, fields)
	}
	return q.Text("(").Columns(table, fields).Text(")")
}

// Update begins an UPDATE of a table, up to what it sets.
func (q *Query) Update(table string) *Query {
	q.UpdateFrom(table, "", "")
	return q
}

// UpdateFrom begins one that calls the table by an alias, if that is not empty, and may read another, quoted already; from stands
// between what it sets, each a Target, and its condition.
func (q *Query) UpdateFrom(table, alias, other string) (from string) {
	table = QuoteName(q.Tx, table)
	if alias != "" {
		table += " AS " + alias
	}
	open, from := q.Dialect.Update(table, other)
	q.Text(open)
	return from
}

// Target writes a column that an UPDATE which reads another table sets.
func (q *Query) Target(table, column string) *Query {
	if !q.Dialect.Has(dialect.QualifiedTargets) {
		table = ""
	}
	return q.Column(table, column)
}

// DeleteFrom begins a DELETE from a table, up to its condition.
func (q *Query) DeleteFrom(table string) *Query { return q.DeleteBy(table, "") }

// DeleteBy begins one whose rows are found as the text says that stands behind the table's name: see Dialect.ByKey.
func (q *Query) DeleteBy(table, way string) *Query {
	return q.Text(q.Dialect.DeleteFrom(QuoteName(q.Tx, table), way), " WHERE ")
}

// Exec runs the statement and tells how many rows it changed.
func (q *Query) Exec() (int64, error) {
	drop, err := q.Ready()
	if err != nil {
		return 0, err
	}
	if err := q.run(q.Stmt.DB.Callback().Raw()); err != nil {
		return q.Tx.RowsAffected, err // the end of the unit of work drops the tables too
	}
	return q.Tx.RowsAffected, drop()
}

// Rows runs the statement and calls each for every row. scan reads the row's columns.
func (q *Query) Rows(each func(scan func(...any) error) error) (err error) {
	rows, finish, err := q.sqlRows()
	if err != nil || rows == nil {
		return err
	}
	defer func() {
		if failed := finish(); err == nil {
			err = failed
		}
	}()
	scan := q.scanner(rows)
	for rows.Next() {
		if err := each(scan); err != nil {
			return err
		}
	}
	return translate(q.Tx, rows.Err())
}

// translate turns a driver's error into GORM's where the caller asked for that.
func translate(db *gorm.DB, err error) error {
	if translator, ok := db.Dialector.(gorm.ErrorTranslator); ok && err != nil && db.TranslateError {
		return translator.Translate(err)
	}
	return err
}

// QuoteName quotes an identifier as the database wants it.
func QuoteName(db *gorm.DB, name string) string {
	var text strings.Builder
	db.Dialector.QuoteTo(&text, name)
	return text.String()
}

// ScanTargets makes room for n columns of any type.
func ScanTargets(n int) (targets []any, values func() []any) {
	targets = make([]any, n)
	for i := range targets {
		targets[i] = new(any)
	}
	return targets, func() []any {
		values := make([]any, n)
		for i := range targets {
			values[i] = reflect.ValueOf(targets[i]).Elem().Interface()
		}
		return values
	}
}

// CopyColumns copies the fields that are columns, and leaves relations alone.
func CopyColumns(ctx context.Context, s *schema.Schema, to, from reflect.Value) {
	for _, field := range s.Fields {
		if field.DBName != "" && field.Readable {
			field.ReflectValueOf(ctx, to).Set(field.ReflectValueOf(ctx, from))
		}
	}
}
