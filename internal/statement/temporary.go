package statement

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is for temporary tables. Some databases undo them with the transaction that has made them; on others they stay, and hide
// tables of their names, until they are dropped or the session ends: there a unit of work knows its own, and drops what is left of them
// however it ends.

// temporariesKey is where the temporary tables of the innermost unit of work stand in its context.
type temporariesKey struct{}

// temporaries are the names of tables that are there.
type temporaries struct {
	names []string
	// copies are those of them that are copies of others, by these.
	copies map[string][]string
	// outer are those of the unit of work around this one.
	outer *temporaries
}

// copied tells whether a copy of a table is there.
func (t *temporaries) copied(table, name string) bool {
	return t != nil && (slices.Contains(t.copies[table], name) || t.outer.copied(table, name))
}

// note notes that it is.
func (t *temporaries) note(table, name string) {
	if t == nil {
		return
	}
	if t.copies == nil {
		t.copies = map[string][]string{}
	}
	t.copies[table] = append(t.copies[table], name)
}

// withTemporaries gives the unit of work room for them, where they stay.
func (w *UnitOfWork) withTemporaries(db *gorm.DB, ctx context.Context) context.Context {
	if d, err := dialect.Of(db.Dialector); err != nil || !d.Has(dialect.TemporaryStays) {
		return ctx
	}
	w.temporaries = temporaries{outer: temporariesOf(ctx)}
	return context.WithValue(ctx, temporariesKey{}, &w.temporaries)
}

// temporariesOf are those of the unit of work of a context; nil where there are none to know.
func temporariesOf(ctx context.Context) *temporaries {
	known, _ := ctx.Value(temporariesKey{}).(*temporaries)
	return known
}

// MakeTemporary runs the statement, which makes a temporary table. One of its name that an earlier call has left is dropped.
func (q *Query) MakeTemporary(table string) error {
	q.leaveUnread()
	again := q.start().Text(q.Stmt.SQL.String())
	again.Stmt.Vars = slices.Clone(q.Stmt.Vars)
	known := temporariesOf(q.Stmt.Context)
	left := known != nil && slices.Contains(known.names, table)
	if !left {
		if known != nil {
			known.names = append(known.names, table)
		}
		_, err := q.Exec()
		if err == nil || !q.Dialect.TemporaryThere(err) {
			return err
		}
	}
	drop := q.start()
	if _, err := drop.Text(drop.Dialect.DropAnyTemporary()).Name(table).Exec(); err != nil {
		return err
	}
	_, err := again.Exec()
	return err
}

// MakeLike makes an empty one with the columns of another.
func (q *Query) MakeLike(table, other string) error {
	return q.Text(q.Dialect.TemporaryLike(QuoteName(q.Tx, table), QuoteName(q.Tx, other))).MakeTemporary(table)
}

// DropTemporary drops a temporary table, and the copies of it.
func (q *Query) DropTemporary(table string) error {
	if err := q.Changes(table); err != nil {
		return err
	}
	_, err := q.Text(q.Dialect.DropTemporary()).Name(table).Exec()
	if known := temporariesOf(q.Stmt.Context); known != nil && err == nil {
		known.names = slices.DeleteFunc(known.names, func(name string) bool { return name == table })
	}
	return err
}

// dropLeft drops the tables that a unit of work has left, as far as its connection still can.
func (w *UnitOfWork) dropLeft(db *gorm.DB) {
	known := temporariesOf(w.inner)
	if known == nil || len(known.names) == 0 {
		return
	}
	d, err := dialect.Of(db.Dialector)
	if err != nil {
		return
	}
	quoted := make([]string, len(known.names))
	for i, name := range known.names {
		quoted[i] = QuoteName(db, name)
	}
	_, _ = Unprepared(db.Statement.ConnPool).ExecContext(context.WithoutCancel(w.inner), d.DropAnyTemporary()+strings.Join(quoted, ", "))
	known.names, known.copies = nil, nil
}
