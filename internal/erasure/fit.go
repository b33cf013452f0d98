package erasure

import (
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds masks that a column can never take, before anything is written: tags are checked against what the field says of
// its column, and who made the table may have given it another type. The database is asked by the write itself, which it plans and
// does not run.

// fit refuses masks that columns of a place do not take. It tells whether all do, which it may not know: a role that must not write
// learns nothing of a mask.
func (x *call) fit(tx statement.Session, t policy.Place, columns []dialect.Column) (all bool, err error) {
	if tx.Dialect.Planned() == "" || t.Policy.Personal == nil {
		return true, nil
	}
	all = true
	for _, c := range t.Policy.Personal.Masked {
		column := tx.Dialect.FindColumn(columns, c.Field.DBName)
		if column == nil || column.Generated || tx.Dialect.Holds(column.Type, tx.Dialector.DataTypeOf(c.Field)) {
			continue
		}
		refusal, err := tryFit(tx, t, c, column.Type)
		switch {
		case err != nil:
			return false, err
		case errors.Is(refusal, errTooLong), errors.Is(refusal, errOther), refusal != nil && tx.Dialect.Misfit(refusal):
			return false, misfit(tx, t, c, column.Type)
		case refusal != nil:
			all = false
		}
	}
	return all, nil
}

// tryFit gives what the database has against a mask of a column: nothing, where it takes one of the values that the mask may write.
func tryFit(tx statement.Session, t policy.Place, c *pii.MaskedColumn, columnType string) (refusal, err error) {
	if c.TooLong(columnType) {
		return errTooLong, nil
	}
	attempts := []func(q *statement.Query){c.Mask.SQL}
	if c.Mask.From() != pii.FromNothing {
		attempts = nil
		for _, example := range c.Mask.Examples() {
			attempts = append(attempts, func(q *statement.Query) { q.Bind(example) })
		}
	}
	for _, value := range attempts {
		refusal, err = attempt(tx, func(q *statement.Query) error {
			q.Text(q.Dialect.Planned(), "UPDATE ").Name(t.Table()).Text(" SET ").Name(c.Field.DBName).Text(" = ")
			value(q)
			return q.Rows(func(func(...any) error) error { return nil })
		})
		if refusal == nil && err == nil && c.Same() {
			refusal, err = attempt(tx, func(q *statement.Query) error { return readSame(q, c, columnType) })
		}
		if refusal == nil || err != nil {
			return nil, err
		}
	}
	return refusal, nil
}

var (
	errTooLong = errors.New("what the mask writes is longer than the column")
	errOther   = errors.New("the column makes another value of what the mask writes")
)

// readSame reads what the column makes of a value that is the same in all rows: a domain may refuse it, and what comes back as another
// text cannot be told from an old value.
func readSame(q *statement.Query, c *pii.MaskedColumn, columnType string) error {
	q.Text("SELECT ")
	open, shut := q.Dialect.OfType(columnType)
	if pii.KindOf(c.Field) != pii.BytesColumn {
		textOpen, textShut := q.Dialect.Typed(false)
		open, shut = textOpen+open, shut+textShut
	}
	c.Mask.SQL(q.Text(open))
	var text sql.NullString
	err := q.Text(shut).Rows(func(scan func(...any) error) error { return scan(&text) })
	if err == nil && !c.AsksDatabase() && c.Mask.Left(sql.NullString{}, text, func(string) bool { return false }) {
		return errOther
	}
	return err
}

// attempt runs a statement that may fail, and leaves no trace of it.
func attempt(tx statement.Session, run func(q *statement.Query) error) (refusal, err error) {
	err = statement.Rehearse(tx.DB, func(db *gorm.DB) error {
		refusal = run(tx.On(db).Silent().Query())
		return nil
	})
	return refusal, err
}

// misfit is the error for a mask that a column does not take.
func misfit(tx statement.Session, t policy.Place, c *pii.MaskedColumn, columnType string) error {
	return fmt.Errorf("%w: %s.%s: the column %s of table %s is of the type %s, which cannot hold what pii %q writes; write "+
		"gorm:\"type:%s\" on the field, with which %s would work, or give the column the type %s", fault.ErrUnsupported,
		t.Policy.Schema.Name, c.Field.Name, c.Field.DBName, t.Table(), columnType, c.Mask.Strategy(), columnType, c.WouldWork(columnType),
		tx.Dialector.DataTypeOf(c.Field))
}
