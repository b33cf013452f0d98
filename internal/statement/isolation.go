package statement

import (
	"database/sql"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is for isolation levels. What looks for rows of others, and cannot lock its way to them, is exact where every statement
// sees what was committed before it. Transactions of the plugin are of that level; a caller's is asked, by a statement that runs anyway.

// Level writes a comma and the isolation level of the transaction, as text.
func (q *Query) Level() *Query {
	if level := q.Dialect.Level(); level != "" {
		return q.Text(", ", level)
	}
	return q.Text(", ''")
}

// RefuseStale refuses work in a transaction of a level that does not show what others commit meanwhile.
func (q *Query) RefuseStale(level string) error {
	if q.Dialect.Fresh(level) {
		return nil
	}
	return fmt.Errorf("%w: the transaction is at the isolation level %s, in which a statement does not see what others have committed since the first one, "+
		"so that this could not be exact; begin it with sql.LevelReadCommitted, or do this outside of it", fault.ErrUnsupported, level)
}

// InCallers tells whether the statement's unit of work is a savepoint in a transaction of the caller's, at a level that may show too
// little.
func InCallers(stmt *gorm.Statement, d *dialect.Dialect) bool {
	w := workOf(stmt)
	return w != nil && w.Ground == CallersTransaction && d.Level() != ""
}

// OnlyFresh is a condition that no row fulfils in a transaction that does not show what others commit meanwhile. The statement that
// it stands in then changes nothing, and AskFresh tells why.
type OnlyFresh struct{ Dialect *dialect.Dialect }

// Build implements clause.Expression.
func (f OnlyFresh) Build(builder clause.Builder) {
	_, _ = builder.WriteString(f.Dialect.FreshCondition())
}

// AskFresh refuses such a transaction by a statement of its own.
func AskFresh(tx Session) error {
	q := tx.Query().Text("SELECT ", tx.Dialect.Level())
	var level string
	if err := q.Rows(func(scan func(...any) error) error { return scan(&level) }); err != nil {
		return err
	}
	return q.RefuseStale(level)
}

// BeginFresh is the callback by which GORM begins its own transaction around a statement, at the level at which the plugin's are.
func BeginFresh(former func(*gorm.DB), needs func(db *gorm.DB) bool) func(db *gorm.DB) {
	return func(db *gorm.DB) {
		level := options(db)
		if db.SkipDefaultTransaction || db.Error != nil || level == nil || level.Isolation == sql.LevelDefault || !needs(db) {
			former(db)
			return
		}
		// As GORM does (callbacks/transaction.go:7, GORM 1.31).
		switch tx := db.Begin(level); tx.Error {
		case nil:
			db.Statement.ConnPool = tx.Statement.ConnPool
			db.InstanceSet("gorm:started_transaction", true)
		case gorm.ErrInvalidTransaction:
		default:
			_ = db.AddError(tx.Error)
		}
	}
}
