package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/utils/tests"

	"github.com/gorm-softdelete/softdelete/internal/scope"
)

// What stands behind a caller's conditions must hold for all rows that these find, however they are written.
func TestConditionsThatWouldTakeAFilterApartAreGrouped(t *testing.T) {
	db, err := gorm.Open(tests.DummyDialector{}, &gorm.Config{DryRun: true})
	require.NoError(t, err)
	raw := func(sql string) func(*gorm.DB) *gorm.DB {
		return func(db *gorm.DB) *gorm.DB { return db.Where(sql) }
	}
	for fact, c := range map[string]struct {
		where func(*gorm.DB) *gorm.DB
		sql   string
	}{
		"a condition stays as it is":              {raw("a = 1"), "WHERE a = 1 AND live"},
		"a word with the letters of OR is none":   {raw("author = ordered"), "WHERE author = ordered AND live"},
		"an OR between spaces is GORM's":          {raw("a = 1 OR b = 2"), "WHERE (a = 1 OR b = 2) AND live"},
		"an OR behind a line's end":               {raw("a = 1\nOR b = 2"), "WHERE (a = 1\nOR b = 2) AND live"},
		"an OR beside parentheses":                {raw("(a = 1)or(b = 2)"), "WHERE ((a = 1)or(b = 2)) AND live"},
		"a comment that would swallow the filter": {raw("a = 1 -- all"), "WHERE (a = 1 -- all\n) AND live"},
		"a comment that would stay open":          {raw("a = 1 /* all */"), "WHERE (a = 1 /* all */) AND live"},
		"conditions that are added by Or": {
			func(db *gorm.DB) *gorm.DB { return db.Where("a = 1").Or("b = 2") }, "WHERE (a = 1 OR b = 2) AND live",
		},
		"a raw column that is compared": {
			func(db *gorm.DB) *gorm.DB {
				return db.Where(clause.Eq{Column: clause.Column{Name: "a OR b", Raw: true}, Value: true})
			}, "WHERE (a OR b = ?) AND live",
		},
		"none at all": {func(db *gorm.DB) *gorm.DB { return db }, "WHERE live"},
	} {
		t.Run(fact, func(t *testing.T) {
			stmt := c.where(db.Table("t")).Statement
			scope.GroupAlternatives(stmt)
			stmt.AddClause(clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "live"}}})
			stmt.Build("WHERE")
			require.Equal(t, c.sql, stmt.SQL.String())
		})
	}
}
