package gorm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What callbacks and hooks of others add to a statement.

type (
	// othersMarked, othersArchived and othersHard are parents of each kind, with children that go with them.
	othersMarked struct {
		ID        uint
		Tenant    uint
		DeletedAt gorm.DeletedAt
		Items     []othersItem `gorm:"foreignKey:MarkedID;constraint:-" softdelete:"cascade"`
	}
	othersItem struct {
		ID, MarkedID uint
		Name         string
		Marked       *othersMarked `gorm:"foreignKey:MarkedID;constraint:-" softdelete:"guard"`
		DeletedAt    gorm.DeletedAt
	}
	othersArchived struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Tenant uint
		Parts  []othersPart `gorm:"foreignKey:ArchivedID;constraint:-" softdelete:"cascade"`
	}
	othersPart struct {
		_              struct{} `softdelete:"archive"`
		ID, ArchivedID uint
	}
	othersHard struct {
		_      struct{} `softdelete:"hard"`
		ID     uint
		Tenant uint
		Bits   []othersBit `gorm:"foreignKey:HardID;constraint:-" softdelete:"cascade"`
	}
	othersBit struct {
		_          struct{} `softdelete:"hard"`
		ID, HardID uint
	}
	// othersAlone has no relation, so that its deletion is a single statement.
	othersAlone struct {
		ID        uint
		Tenant    uint
		DeletedAt gorm.DeletedAt
	}
)

var othersModels = []any{
	&othersMarked{}, &othersItem{}, &othersArchived{}, &othersPart{}, &othersHard{}, &othersBit{}, &othersAlone{},
}

// newOthers has two parents of each kind with a child each, the first of tenant 1, the second of tenant 2. register is called
// before the plugin is in use or after.
func newOthers(t *testing.T, database *testdb.Database, first bool, register func(db *gorm.DB), options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	if first {
		register(db)
	}
	fixture.Register(t, db, othersModels...)
	for id := uint(1); id <= 2; id++ {
		for _, row := range []any{
			&othersMarked{ID: id, Tenant: id, Items: []othersItem{{ID: id}}}, &othersArchived{ID: id, Tenant: id, Parts: []othersPart{{ID: id}}},
			&othersHard{ID: id, Tenant: id, Bits: []othersBit{{ID: id}}}, &othersAlone{ID: id, Tenant: id},
		} {
			require.NoError(t, db.Create(row).Error)
		}
	}
	if !first {
		register(db)
	}
	return db
}

// eachOrder runs a test with what others register before the plugin is in use, and after.
func eachOrder(t *testing.T, run func(t *testing.T, database *testdb.Database, first bool)) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("registered before db.Use", func(t *testing.T) { run(t, database, true) })
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("registered after db.Use", func(t *testing.T) { run(t, database, false) })
	})
}

// tenantOne is a callback that lets a statement reach the rows of tenant 1 only.
func tenantOne(db *gorm.DB) {
	if db.Statement.Schema != nil && db.Statement.Schema.LookUpField("Tenant") != nil {
		db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{
			clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "tenant"}, Value: 1},
		}})
	}
}

func TestConditionsThatACallbackAddsBeforeADeletionCount(t *testing.T) {
	eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
		db := newOthers(t, database, first, func(db *gorm.DB) {
			require.NoError(t, db.Callback().Delete().Before("gorm:delete").Register("others:tenant", tenantOne))
		})
		before := fixture.Dump(t, db, othersModels...)
		deletes := func(id uint) []*gorm.DB {
			return []*gorm.DB{
				db.Delete(&othersMarked{ID: id}), db.Delete(&othersArchived{ID: id}), db.Delete(&othersHard{ID: id}), db.Delete(&othersAlone{ID: id}),
				db.Delete(&othersMarked{}, "id = ?", id), db.Delete(&othersArchived{}, "id = ?", id), db.Delete(&othersHard{}, "id = ?", id),
				db.Unscoped().Delete(&othersMarked{ID: id}), db.Unscoped().Delete(&othersArchived{ID: id}), db.Unscoped().Delete(&othersAlone{ID: id}),
			}
		}
		for i, tx := range deletes(2) {
			require.NoError(t, tx.Error)
			require.Zero(t, tx.RowsAffected, "statement %d", i)
			require.Equal(t, before, fixture.Dump(t, db, othersModels...), "statement %d", i)
		}
		preview, err := softdelete.Preview(db, &othersMarked{ID: 2})
		require.NoError(t, err)
		require.Zero(t, preview.Effects[0].Rows)
		for i, tx := range deletes(1) {
			require.NoError(t, tx.Error)
			if i < 4 {
				require.EqualValues(t, 1, tx.RowsAffected, "statement %d", i)
			}
		}
		require.Zero(t, fixture.Rows(t, db, "others_items", "id = 1"), "the children went too")
		require.Equal(t, 1, fixture.Rows(t, db, "others_parts"))
		require.Equal(t, 1, fixture.Rows(t, db, "others_bits"))
	})
}

func TestConditionsThatACallbackWidensCount(t *testing.T) {
	eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
		db := newOthers(t, database, first, func(db *gorm.DB) {
			require.NoError(t, db.Callback().Delete().Before("gorm:delete").Register("others:more", func(db *gorm.DB) {
				if db.Statement.Schema.Name == "othersMarked" {
					db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{clause.Or(clause.Eq{Column: "tenant", Value: 2})}})
				}
			}))
		})
		// The row of the key is not there: the other is deleted, and takes its own child.
		tx := db.Delete(&othersMarked{ID: 9})
		require.NoError(t, tx.Error)
		require.EqualValues(t, 1, tx.RowsAffected)
		require.Equal(t, 1, fixture.Rows(t, db, "others_items", "deleted_at IS NULL AND marked_id = 1"))
		require.Zero(t, fixture.Rows(t, db, "others_items", "deleted_at IS NULL AND marked_id = 2"))
	})
}

func TestACallbackThatRefusesADeletionAfterSelectedAssociations(t *testing.T) {
	eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
		db := newOthers(t, database, first, func(db *gorm.DB) {
			require.NoError(t, db.Callback().Delete().Before("gorm:delete").Register("others:tenant", tenantOne))
		})
		tx := db.Select("Items").Delete(&othersMarked{ID: 2})
		require.NoError(t, tx.Error)
		require.Zero(t, tx.RowsAffected)
		require.Equal(t, 1, fixture.Rows(t, db, "others_markeds", "deleted_at IS NULL AND id = 2"))
	})
}

func TestACallbackThatMakesADeletionUnscoped(t *testing.T) {
	for _, place := range []string{"gorm:before_delete", "gorm:delete"} {
		eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
			unscope := func(db *gorm.DB) {
				require.NoError(t, db.Callback().Delete().Before(place).Register("others:unscoped", func(db *gorm.DB) { db.Statement.Unscoped = true }))
			}
			for _, options := range [][]gorm.Option{{}, {&gorm.Config{SkipDefaultTransaction: true}}} {
				db := newOthers(t, database, first, unscope, options...)
				for _, value := range []any{&othersMarked{ID: 1}, &othersArchived{ID: 1}, &othersHard{ID: 1}, &othersAlone{ID: 1}} {
					require.NoError(t, db.Delete(value).Error)
				}
				for _, table := range []string{"others_markeds", "others_items", "others_archiveds", "others_parts", "others_hards", "others_bits", "others_alones"} {
					require.Equal(t, 1, fixture.Rows(t, db, table), "%s: the row is removed, with the one under it", table)
				}
				require.Zero(t, fixture.Rows(t, db, "others_archiveds_archive"))
				require.NoError(t, db.Migrator().DropTable(append(othersModels, "others_archiveds_archive", "others_parts_archive")...))
			}
		})
	}
}

func TestACallbackThatBuildsTheStatementItself(t *testing.T) {
	for _, place := range []string{"gorm:before_delete", "gorm:delete"} {
		eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
			db := newOthers(t, database, first, func(db *gorm.DB) {
				require.NoError(t, db.Callback().Delete().Before(place).Register("others:build", func(db *gorm.DB) {
					table := db.Statement.Schema.Table
					db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "id = 1"}}})
					db.Statement.SQL.WriteString("UPDATE " + table + " SET tenant = 7 WHERE id = 1")
				}))
			})
			for _, value := range []any{&othersMarked{ID: 1}, &othersArchived{ID: 1}, &othersHard{ID: 1}, &othersAlone{ID: 1}} {
				recorder := testdb.Record(db)
				tx := db.Delete(value)
				require.NoError(t, tx.Error)
				require.EqualValues(t, 1, tx.RowsAffected)
				var writes []string
				for _, sql := range recorder.Statements() {
					if isWrite(sql) {
						writes = append(writes, sql)
					}
				}
				table := fixture.Table(t, db, value)
				require.Contains(t, writes, "UPDATE "+table+" SET tenant = 7 WHERE id = 1")
				require.Equal(t, 1, fixture.Rows(t, db, table, "tenant = 7"))
				require.Equal(t, 2, fixture.Rows(t, db, table))
			}
			for _, table := range []string{"others_items", "others_parts", "others_bits"} {
				require.Equal(t, 2, fixture.Rows(t, db, table), "%s: as under plain GORM, nothing else is written", table)
			}
			require.Zero(t, fixture.Rows(t, db, "others_items", "deleted_at IS NOT NULL"))
		})
	}
}

func TestACallbackInThePlaceOfGORMsOwn(t *testing.T) {
	// What replaces gorm:delete executes what was built, as GORM's own does.
	eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
		ran := 0
		db := newOthers(t, database, first, func(db *gorm.DB) {
			former := db.Callback().Delete().Get("gorm:delete")
			require.NoError(t, db.Callback().Delete().Replace("gorm:delete", func(db *gorm.DB) { ran++; former(db) }))
		})
		require.NoError(t, db.Delete(&othersMarked{ID: 1}).Error)
		require.NoError(t, db.Delete(&othersArchived{ID: 1}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "others_items", "deleted_at IS NOT NULL"))
		require.Equal(t, 1, fixture.Rows(t, db, "others_parts_archive"))
		require.Positive(t, ran)
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newOthers(t, database, false, func(db *gorm.DB) {
			require.NoError(t, db.Callback().Delete().Replace("gorm:delete", func(db *gorm.DB) {
				if db.Error == nil && !db.DryRun && db.Statement.SQL.Len() > 0 {
					_, err := db.Statement.ConnPool.ExecContext(db.Statement.Context, db.Statement.SQL.String(), db.Statement.Vars...)
					_ = db.AddError(err)
				}
			}))
		})
		require.NoError(t, db.Delete(&othersAlone{ID: 1}).Error)
		require.Equal(t, 2, fixture.Rows(t, db, "others_alones"), "the row is marked")
		require.Equal(t, 1, fixture.Rows(t, db, "others_alones", "deleted_at IS NULL"))
	})
}

func TestWhatACallbackWritesIntoARowIsGuarded(t *testing.T) {
	eachOrder(t, func(t *testing.T, database *testdb.Database, first bool) {
		on := false
		point := func(db *gorm.DB) {
			if on && db.Statement.Schema.Name == "othersItem" {
				db.Statement.SetColumn("MarkedID", uint(1), true)
			}
		}
		db := newOthers(t, database, first, func(db *gorm.DB) {
			require.NoError(t, db.Callback().Create().Before("gorm:create").Register("others:create", point))
			require.NoError(t, db.Callback().Update().Before("gorm:update").Register("others:update", point))
		})
		require.NoError(t, db.Delete(&othersMarked{ID: 1}).Error)
		on = true
		require.ErrorIs(t, db.Create(&othersItem{ID: 8, MarkedID: 2}).Error, softdelete.ErrParentDeleted)
		require.ErrorIs(t, db.Model(&othersItem{ID: 2}).Updates(map[string]any{"name": "new"}).Error, softdelete.ErrParentDeleted)
		require.Zero(t, fixture.Rows(t, db, "others_items", "deleted_at IS NULL AND marked_id = 1"))
	})
}
