package migrate

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// ColumnTypes implements gorm.Migrator. A table's name with a space reaches the database quoted.
func (m *migrator) ColumnTypes(value any) ([]gorm.ColumnType, error) { return columnTypes(m.db, value) }

// columnTypes gives the columns of a table as the database's own migrator knows them. That reads a row by db.Table, which takes a
// name with a space for an expression (chainable_api.go:66, GORM 1.31).
func columnTypes(db *gorm.DB, value any) ([]gorm.ColumnType, error) {
	quoting := db.Session(&gorm.Session{}).Scopes(func(tx *gorm.DB) *gorm.DB {
		expr := tx.Statement.TableExpr
		if expr != nil && len(expr.Vars) == 0 && strings.Contains(expr.SQL, " ") && !strings.ContainsAny(expr.SQL, "\"`()") {
			tx.Statement.TableExpr = &clause.Expr{SQL: statement.QuoteName(tx, expr.SQL)}
		}
		return tx
	})
	return innerMigrator(quoting.Session(&gorm.Session{})).ColumnTypes(value)
}
