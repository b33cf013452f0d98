package statement

import (
	"reflect"
	"sync"

	"gorm.io/gorm/schema"
)

// This room is the one way to the plugin's own tables. Their rows belong to no model of the application: none of what it does
// with its own reaches them, be it naming, hooks, callbacks around GORM's statements, default scopes, or what is left selected
// or omitted in a session.

// Own is a table of the plugin's own, whose rows are values of T. Its columns have the names that GORM's own naming strategy
// gives them, or those of their tags.
type Own[T schema.Tabler] struct {
	parsed func() (*schema.Schema, error)
}

// NewOwn is the table of a type of rows.
func NewOwn[T schema.Tabler]() *Own[T] {
	return &Own[T]{parsed: sync.OnceValues(func() (*schema.Schema, error) {
		return schema.Parse(new(T), &sync.Map{}, schema.NamingStrategy{IdentifierMaxLength: 64})
	})}
}

// Name is the table's name.
func (*Own[T]) Name() string {
	var row T
	return row.TableName()
}

// Find reads rows, on the connection that writes go to. rest writes what follows the table's name, from WHERE on; nil gives all
// rows. A session that only rehearses reads as any other: what stands here decides what would be refused.
func (o *Own[T]) Find(tx Session, rest func(q *Query)) (list []T, err error) {
	s, err := o.parsed()
	if err != nil {
		return nil, err
	}
	fields := columnsOf(s)
	q := o.query(tx).Text("SELECT ").Columns("", fields).Text(" FROM ").Name(o.Name())
	q.Tx.Config.DryRun = false
	if rest != nil {
		rest(q)
	}
	ctx := q.Stmt.Context
	err = q.Rows(func(scan func(...any) error) error {
		var row T
		targets := make([]any, len(fields))
		for i, field := range fields {
			targets[i] = field.NewValuePool.Get()
			defer field.NewValuePool.Put(targets[i])
		}
		if err := scan(targets...); err != nil {
			return err
		}
		for i, field := range fields {
			if err := field.Set(ctx, reflect.ValueOf(&row).Elem(), targets[i]); err != nil {
				return err
			}
		}
		list = append(list, row)
		return nil
	})
	return list, err
}

// Insert adds rows.
func (o *Own[T]) Insert(tx Session, rows ...T) error {
	return o.insert(tx, rows, func(*Query, *schema.Schema) {})
}

// InsertMissing adds those of the rows whose like is not there yet.
func (o *Own[T]) InsertMissing(tx Session, rows ...T) error {
	return o.insert(tx, rows, func(q *Query, s *schema.Schema) {
		q.Text(q.Dialect.KeepPresent(q.Quoted("", s.PrimaryFieldDBNames[0])))
	})
}

// Put adds rows, and replaces those that have their keys.
func (o *Own[T]) Put(tx Session, rows ...T) error {
	return o.insert(tx, rows, func(q *Query, s *schema.Schema) {
		var key, others []string
		for _, field := range columnsOf(s) {
			if column := q.Quoted("", field.DBName); field.PrimaryKey {
				key = append(key, column)
			} else {
				others = append(others, column)
			}
		}
		q.Text(q.Dialect.ReplacePresent(key, others))
	})
}

// insert adds rows, a chunk at a time; conflict writes what becomes of those that are there.
func (o *Own[T]) insert(tx Session, rows []T, conflict func(q *Query, s *schema.Schema)) error {
	s, err := o.parsed()
	if err != nil {
		return err
	}
	var fields []*schema.Field
	for _, field := range columnsOf(s) {
		if field != s.PrioritizedPrimaryField || !field.HasDefaultValue { // a key that the database counts
			fields = append(fields, field)
		}
	}
	return Chunks(rows, func(rows []T) error {
		q := o.query(tx).Text("INSERT INTO ").Name(o.Name()).Text(" (").Columns("", fields).Text(") VALUES ")
		Joined(q, rows, ", ", func(row T) {
			q.Text("(")
			Joined(q, fields, ", ", func(field *schema.Field) {
				value, _ := field.ValueOf(q.Stmt.Context, reflect.ValueOf(&row).Elem())
				q.Bind(value)
			}).Text(")")
		})
		conflict(q, s)
		_, err := q.Exec()
		return err
	})
}

// Update begins a statement that changes rows, up to what it sets.
func (o *Own[T]) Update(tx Session) *Query {
	return o.query(tx).Update(o.Name())
}

// Delete begins a statement that removes rows, up to its condition.
func (o *Own[T]) Delete(tx Session) *Query {
	return o.query(tx).DeleteFrom(o.Name())
}

// query begins a statement about the table in the session's transaction, or else where writes go to.
func (o *Own[T]) query(tx Session) *Query { return tx.On(OnWriter(tx.DB)).Query() }

func columnsOf(s *schema.Schema) (fields []*schema.Field) {
	for _, name := range s.DBNames {
		fields = append(fields, s.FieldsByDBName[name])
	}
	return fields
}
