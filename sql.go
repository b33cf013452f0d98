package softdelete

import (
	"database/sql"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// query is one SQL statement of the plugin's own while it is written. Names are quoted by the database's dialector, values
// bound; it runs through GORM's callbacks, so that loggers and tracers see it.
type query struct {
	tx      *gorm.DB
	stmt    *gorm.Statement
	dialect *dialect.Dialect
}

// ownStatement marks a statement as the plugin's own in its settings.
type ownStatement struct{}

// newQuery starts a statement on the connection of db, in its transaction if it is in one.
func newQuery(db *gorm.DB, d *dialect.Dialect) *query {
	tx := db.Session(&gorm.Session{NewDB: true, Initialized: true})
	tx.Statement.Settings.Store(ownStatement{}, true)
	tx.Statement.SQL.Grow(usualLength)
	return &query{tx: tx, stmt: tx.Statement, dialect: d}
}

// usualLength is the room that statements are given at the start: few are longer, and their text is not moved as it grows.
const usualLength = 200

// text writes SQL as it is.
func (q *query) text(parts ...string) *query {
	for _, part := range parts {
		q.stmt.SQL.WriteString(part)
	}
	return q
}

// name writes a quoted identifier; one with a dot is a table in a schema.
func (q *query) name(name string) *query {
	q.stmt.DB.Dialector.QuoteTo(&q.stmt.SQL, name)
	return q
}

// column writes a quoted column of a table or alias; an empty table leaves the column alone.
func (q *query) column(table, column string) *query {
	if table != "" {
		q.name(table).text(".")
	}
	return q.name(column)
}

// quoted gives a quoted column as text, for the dialect's expressions.
func (q *query) quoted(table, column string) string {
	if table == "" {
		return quoteName(q.tx, column)
	}
	return quoteName(q.tx, table) + "." + quoteName(q.tx, column)
}

// bind writes a bound value, or an expression such as a sub-query of the caller's.
func (q *query) bind(value any) *query {
	q.stmt.AddVar(&q.stmt.SQL, value)
	return q
}

// literal writes SQL text that may have bound values of its own.
func (q *query) expression(e clause.Expression) *query {
	e.Build(q.stmt)
	return q
}

// opaque writes a condition on marks so that a planner that goes by estimates has none for it. Marks are news to it: it
// expects no row to have them, at every level of a walk, and would join what are thousands of rows by comparing each with
// each. Like this it follows the relations' keys.
func (q *query) opaque(condition func()) *query {
	if !q.dialect.Has(dialect.Estimates) {
		condition()
		return q
	}
	q.text("COALESCE(")
	condition()
	return q.text(", FALSE)")
}

// joined writes what each gives for the items, with a separator between them.
func joined[T any](q *query, items []T, separator string, each func(T)) *query {
	for i, item := range items {
		if i > 0 {
			q.text(separator)
		}
		each(item)
	}
	return q
}

// columns writes the fields' columns of a table, with commas.
func (q *query) columns(table string, fields []*schema.Field) *query {
	return joined(q, fields, ", ", func(field *schema.Field) { q.column(table, field.DBName) })
}

// key writes the model's primary key as one value: the column, or a row of columns in parentheses.
func (q *query) key(table string, fields []*schema.Field) *query {
	if len(fields) == 1 {
		return q.columns(table, fields)
	}
	return q.text("(").columns(table, fields).text(")")
}

// exec runs the statement and tells how many rows it changed.
func (q *query) exec() (int64, error) {
	q.stmt.DB.Callback().Raw().Execute(q.tx)
	return q.tx.RowsAffected, q.tx.Error
}

// rows runs the statement and calls each for every row. scan reads the row's columns.
func (q *query) rows(each func(scan func(...any) error) error) (err error) {
	rows, err := q.sqlRows()
	if err != nil || rows == nil {
		return err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return translate(q.tx, rows.Err())
}

// sqlRows runs the statement and gives its rows, nil where it gives none.
func (q *query) sqlRows() (*sql.Rows, error) {
	q.stmt.Settings.Store("rows", true)
	q.stmt.DB.Callback().Row().Execute(q.tx)
	rows, _ := q.stmt.Dest.(*sql.Rows)
	return rows, q.tx.Error
}

// find runs the statement and loads its rows into dest, a pointer to a slice of models.
func (q *query) find(dest any) error {
	q.stmt.Model, q.stmt.Dest = dest, dest
	q.stmt.SkipHooks = true
	q.stmt.DB.Callback().Query().Execute(q.tx)
	return q.tx.Error
}

// translate turns a driver's error into GORM's where the caller asked for that.
func translate(db *gorm.DB, err error) error {
	if translator, ok := db.Dialector.(gorm.ErrorTranslator); ok && err != nil && db.TranslateError {
		return translator.Translate(err)
	}
	return err
}

// quoteName quotes an identifier as the database wants it.
func quoteName(db *gorm.DB, name string) string {
	var text strings.Builder
	db.Dialector.QuoteTo(&text, name)
	return text.String()
}

// keyText is a row's primary key as text, a composite one joined by ",".
func keyText(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = textOf(value)
	}
	return strings.Join(texts, ",")
}

// scanTargets makes room for n columns of any type.
func scanTargets(n int) (targets []any, values func() []any) {
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
