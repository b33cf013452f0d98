package statement

import (
	"database/sql"
	"errors"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is for databases on which a SELECT in a caller's transaction may show what was there when that began, while statements that
// write read what is there now. What the plugin reads in such a transaction it lets such a statement read: it makes a temporary table
// of the rows, and reads that. They are locked for others' changes until the transaction ends.

// snapshot tells whether the statement may show what is not there any more.
func (q *Query) snapshot() bool {
	return q.Dialect.Has(dialect.StaleReads) && !q.now && Depth(q.Stmt.Context) > 0
}

// Now tells of a statement that it reads what is there now by itself, as it locks what it reads, or that it need not.
func (q *Query) Now() *Query {
	q.now = true
	return q
}

// nothingToDrop is for what has left no table.
func nothingToDrop() error { return nil }

// makeCurrent puts what the statement would read into a temporary table, and makes it read that. drop drops the table once it is read.
func (q *Query) makeCurrent() (drop func() error, err error) {
	if !q.snapshot() {
		return nothingToDrop, nil
	}
	q.leaveUnread()
	table, store, read := q.Dialect.Current(q.Stmt.SQL.String())
	stored := q.start().Text(store)
	stored.Stmt.Vars = q.Stmt.Vars
	if err := stored.MakeTemporary(table); err != nil {
		return nil, err
	}
	q.Stmt.SQL.Reset()
	q.Stmt.Vars = nil
	q.Text(read)
	return func() error { return q.start().DropTemporary(table) }, nil
}

// reading runs a statement that reads: through one of GORM's chains, of what is there now.
func (q *Query) reading(chain interface{ Execute(db *gorm.DB) *gorm.DB }) (drop func() error, err error) {
	dropOpened, err := q.Ready()
	if err != nil {
		return nil, err
	}
	dropCurrent, err := q.makeCurrent()
	if err != nil {
		return nil, err
	}
	drop = func() error { return errors.Join(dropCurrent(), dropOpened()) }
	if err := q.run(chain); err != nil {
		return nil, errors.Join(err, drop())
	}
	return drop, nil
}

// sqlRows runs the statement and gives its rows, nil where it gives none. finish closes them.
func (q *Query) sqlRows() (rows *sql.Rows, finish func() error, err error) {
	q.Stmt.Settings.Store("rows", true)
	drop, err := q.reading(q.Stmt.DB.Callback().Row())
	if err != nil {
		return nil, nil, err
	}
	rows, _ = q.Stmt.Dest.(*sql.Rows)
	if rows == nil {
		return nil, nil, drop()
	}
	return rows, func() error {
		err := rows.Close()
		return errors.Join(err, drop())
	}, nil
}

// Find runs the statement and loads its rows into dest, a pointer to a slice of models.
func (q *Query) Find(dest any) error {
	q.Stmt.Model, q.Stmt.Dest = dest, dest
	q.Stmt.SkipHooks = true
	drop, err := q.reading(q.Stmt.DB.Callback().Query())
	if err != nil {
		return err
	}
	return drop()
}
