package migrate_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	migrateContact struct {
		Mail string `gorm:"uniqueIndex"`
		Fax  string `gorm:"unique"`
		Page string `gorm:"uniqueIndex" softdelete:"full"`
	}
	// migrateEvery has a unique index of every kind that every database has.
	migrateEvery struct {
		ID        uint
		Plain     string         `gorm:"uniqueIndex"`
		Named     string         `gorm:"uniqueIndex:migrate_named"`
		Composed  string         `gorm:"uniqueIndex:,composite:pair"`
		Other     string         `gorm:"uniqueIndex:,composite:pair,sort:desc"`
		Sorted    string         `gorm:"uniqueIndex:,sort:desc"`
		Cut       string         `gorm:"uniqueIndex:,length:10"`
		Spelled   string         `gorm:"index:,unique"`
		Two       string         `gorm:"uniqueIndex:migrate_two_a;uniqueIndex:migrate_two_b,sort:desc;index"`
		Unique    string         `gorm:"unique"`
		Both      string         `gorm:"unique;uniqueIndex"`
		Kept      string         `gorm:"unique" softdelete:"full"`
		Contact   migrateContact `gorm:"embedded;embeddedPrefix:contact_"`
		DeletedAt gorm.DeletedAt `gorm:"index"`
	}
	// migrateMore has those that are on an expression, or have a condition of their own.
	migrateMore struct {
		ID        uint
		Lower     string `gorm:"uniqueIndex:migrate_lower,expression:lower(lower)"`
		Own       string `gorm:"uniqueIndex:,where:own <> ''"`
		DeletedAt gorm.DeletedAt
	}
)

// migrateRow is a row whose values are all different from those of another number.
func migrateRow(n int) *migrateEvery {
	v := fmt.Sprint("v", n)
	return &migrateEvery{
		Plain: v, Named: v, Composed: v, Other: v, Sorted: v, Cut: v, Spelled: v, Two: v, Unique: v, Both: v, Kept: v,
		Contact: migrateContact{Mail: v, Fax: v, Page: v},
	}
}

// migrateColumns sets one index's columns to those of another row.
var migrateColumns = map[string]func(row, of *migrateEvery){
	"plain":             func(row, of *migrateEvery) { row.Plain = of.Plain },
	"named":             func(row, of *migrateEvery) { row.Named = of.Named },
	"composite":         func(row, of *migrateEvery) { row.Composed, row.Other = of.Composed, of.Other },
	"sorted":            func(row, of *migrateEvery) { row.Sorted = of.Sorted },
	"with a length":     func(row, of *migrateEvery) { row.Cut = of.Cut },
	"index:,unique":     func(row, of *migrateEvery) { row.Spelled = of.Spelled },
	"two on one column": func(row, of *migrateEvery) { row.Two = of.Two },
	"unique":            func(row, of *migrateEvery) { row.Unique = of.Unique },
	"unique and index":  func(row, of *migrateEvery) { row.Both = of.Both },
	"embedded":          func(row, of *migrateEvery) { row.Contact.Mail = of.Contact.Mail },
	"embedded unique":   func(row, of *migrateEvery) { row.Contact.Fax = of.Contact.Fax },
}

// migrateKept are those that cover deleted rows too.
var migrateKept = map[string]func(row, of *migrateEvery){
	"full":          func(row, of *migrateEvery) { row.Kept = of.Kept },
	"embedded full": func(row, of *migrateEvery) { row.Contact.Page = of.Contact.Page },
}

// requireEveryKind shows for each index that a live row's value is refused, and that a deleted row's is free.
func requireEveryKind(t *testing.T, db *gorm.DB) {
	t.Helper()
	next := 1000
	row := func() *migrateEvery { next++; return migrateRow(next) }
	live, deleted := row(), row()
	require.NoError(t, db.Create([]*migrateEvery{live, deleted}).Error)
	require.NoError(t, db.Delete(deleted).Error)
	for kind, set := range migrateColumns {
		second, third := row(), row()
		set(second, live)
		require.Error(t, db.Create(second).Error, "%s: the value is live", kind)
		set(third, deleted)
		require.NoError(t, db.Create(third).Error, "%s: the value was deleted", kind)
	}
	for kind, set := range migrateKept {
		second := row()
		set(second, deleted)
		require.Error(t, db.Create(second).Error, "%s: deleted rows count", kind)
	}
}

func TestUniqueIndexesOnExpressionsAndWithConditionsHoldAmongLiveRows(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&migrateMore{}))
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&migrateMore{}))
		requireNoFurtherChange(t, db, &migrateMore{})
		create := func(lower, own string) error { return db.Create(&migrateMore{Lower: lower, Own: own}).Error }
		require.NoError(t, create("a", ""))
		require.NoError(t, create("b", ""), "outside the index's own condition")
		require.NoError(t, create("gone", "gone"))
		require.NoError(t, db.Where("own = ?", "gone").Delete(&migrateMore{}).Error)
		require.Error(t, create("A", ""), "the value is live")
		require.NoError(t, create("GONE", ""), "the value was deleted")
		require.Error(t, create("c", "gone"), "its own condition covers deleted rows")
	})
}

// changes are the statements of a recording that are neither reads nor about transactions and settings.
func changes(recorder *testdb.Recorder) []string {
	var list []string
	for _, statement := range recorder.Statements() {
		switch strings.ToUpper(strings.Fields(statement)[0]) {
		case "SELECT", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "PRAGMA", "SET":
		default:
			list = append(list, statement)
		}
	}
	return list
}

// requireNoFurtherChange runs AutoMigrate once more and shows that it executes no DDL.
func requireNoFurtherChange(t *testing.T, db *gorm.DB, models ...any) {
	t.Helper()
	recorder := testdb.Record(db)
	require.NoError(t, db.AutoMigrate(models...))
	require.Empty(t, changes(recorder))
	statements, err := softdelete.DDL(db, models...)
	require.NoError(t, err)
	require.Empty(t, statements)
}

func migrateUse(t *testing.T, db *gorm.DB, models ...any) *gorm.DB {
	t.Helper()
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	return db
}

func TestEveryKindOfUniqueIndexHoldsAmongLiveRows(t *testing.T) {
	model := &migrateEvery{}
	for name, models := range map[string][]any{"named in Config.Models": {model}, "compiled by AutoMigrate": nil} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := migrateUse(t, database.Open(t), models...)
				require.NoError(t, db.AutoMigrate(model))
				requireEveryKind(t, db)
				requireNoFurtherChange(t, db, model)
			})
		})
	}
}

func TestEveryKindOfUniqueIndexOverAllRowsIsRebuilt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateEvery{}))
		kept := migrateRow(1)
		require.NoError(t, former.Create(kept).Error)
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&migrateEvery{}))
		var found migrateEvery
		require.NoError(t, db.Take(&found).Error)
		require.Equal(t, kept, &found)
		requireEveryKind(t, db)
		requireNoFurtherChange(t, db, &migrateEvery{})
	})
}

func TestIndexesAreRebuiltInsideATransaction(t *testing.T) {
	testdb.EachOf(t, testdb.ChangesUndone, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateEvery{}))
		before := indexesOf(t, former)
		db := migrateUse(t, database.Open(t))
		require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
			require.NoError(t, tx.AutoMigrate(&migrateEvery{}))
			require.NotEqual(t, before, indexesOf(t, tx))
			return gorm.ErrInvalidTransaction
		}), gorm.ErrInvalidTransaction)
		require.Equal(t, before, indexesOf(t, former), "all of it was undone")
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error { return tx.AutoMigrate(&migrateEvery{}) }))
		requireEveryKind(t, db)
		requireNoFurtherChange(t, db, &migrateEvery{})
	})
}

// indexesOf lists the database's indexes, as it tells them.
func indexesOf(t *testing.T, db *gorm.DB) []string {
	t.Helper()
	query := "SELECT coalesce(sql, name) FROM sqlite_master WHERE type = 'index' ORDER BY 1"
	switch db.Name() {
	case "mysql":
		query = "SELECT CONCAT_WS(' ', table_name, index_name, non_unique, GROUP_CONCAT(column_name ORDER BY seq_in_index)) FROM information_schema.statistics " +
			"WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique ORDER BY 1"
	case "postgres":
		query = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
	}
	var list []string
	require.NoError(t, db.Raw(query).Scan(&list).Error)
	return list
}

func TestATableOfAnotherNameGetsItsOwnIndexes(t *testing.T) {
	type tabled struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		Code      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.Table("tabled_y").AutoMigrate(&tabled{}))
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&tabled{}))
		for _, table := range []string{"tabled_x", "tabled_y"} {
			require.NoError(t, db.Table(table).AutoMigrate(&tabled{}))
			for range 2 {
				require.NoError(t, db.Table(table).Create(&tabled{Email: "e", Code: "c"}).Error)
				require.Error(t, db.Table(table).Create(&tabled{Email: "e", Code: "d"}).Error)
				require.Error(t, db.Table(table).Create(&tabled{Email: "f", Code: "c"}).Error)
				require.NoError(t, db.Table(table).Where("1 = 1").Delete(&tabled{}).Error)
			}
			recorder := testdb.Record(db)
			require.NoError(t, db.Table(table).AutoMigrate(&tabled{}))
			require.Empty(t, changes(recorder))
		}
	})
}

func TestIndexesAreMadeWithoutForeignKeys(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateFormer{}))
		db := migrateUse(t, database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true}))
		require.NoError(t, db.AutoMigrate(migrateModels...))
		requireUniqueAmongLive(t, db)
		requireNoFurtherChange(t, db, migrateModels...)
	})
}

type (
	migrateFlag struct {
		ID   uint
		Name string `gorm:"uniqueIndex"`
		Gone bool   `softdelete:"flag"`
	}
	migrateSmallFlag struct {
		ID   uint
		Name string `gorm:"uniqueIndex"`
		Gone int8   `softdelete:"flag"`
	}
	migrateUnix struct {
		ID        uint
		Name      string `gorm:"uniqueIndex"`
		DeletedAt int64  `gorm:"not null" softdelete:"timestamp;unit:ms"`
	}
	migrateUnixNull struct {
		ID        uint
		Name      string `gorm:"uniqueIndex"`
		DeletedAt *int64 `softdelete:"timestamp"`
	}
	migrateNumber struct {
		ID     uint
		Name   string `gorm:"uniqueIndex"`
		Status int16  `softdelete:"status;deleted:-1;active:1"`
	}
	migrateVarchar struct {
		ID     uint
		Name   string `gorm:"uniqueIndex"`
		Status string `gorm:"size:40;not null" softdelete:"status;deleted:it's (GONE), Über \"all\" ?"`
	}
	migrateCase struct {
		ID        uint
		Name      string         `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt `gorm:"column:Deleted At"`
	}
)

func TestEveryStrategysConditionIsRecognised(t *testing.T) {
	models := []any{
		&migrateFlag{}, &migrateSmallFlag{}, &migrateUnix{}, &migrateUnixNull{}, &migrateNumber{}, &migrateVarchar{}, &migrateCase{},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(models...))
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(models...))
		requireNoFurtherChange(t, db, models...)
		for _, model := range models {
			fresh := func() any {
				row := reflect.New(reflect.TypeOf(model).Elem())
				row.Elem().FieldByName("Name").SetString("x")
				return row.Interface()
			}
			require.NoError(t, db.Create(fresh()).Error)
			require.Error(t, db.Create(fresh()).Error, "%T", model)
			require.NoError(t, db.Where("name = ?", "x").Delete(model).Error)
			require.NoError(t, db.Create(fresh()).Error, "%T", model)
		}
	})
}

func TestConditionsOfOnesOwnAreKeptAsWritten(t *testing.T) {
	type owned struct {
		ID        uint
		Kind      string `gorm:"uniqueIndex:owned_kind,where:kind IN ('a'\\,'b') AND size BETWEEN 1 AND 9"`
		Size      int    `gorm:"uniqueIndex:owned_size,where:NOT (size < 3 OR kind LIKE 'x%') AND deleted_at IS NULL"`
		DeletedAt gorm.DeletedAt
	}
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&owned{}))
		indexes := strings.Join(indexesOf(t, db), "\n")
		require.NotContains(t, indexes, "kind IN ('a','b') AND size BETWEEN 1 AND 9 AND")
		requireNoFurtherChange(t, db, &owned{})

		require.NoError(t, db.Migrator().DropIndex(&owned{}, "owned_kind"))
		require.NoError(t, db.Exec("CREATE UNIQUE INDEX owned_kind ON owneds (kind)").Error)
		require.NoError(t, db.AutoMigrate(&owned{}))
		require.Equal(t, indexes, strings.Join(indexesOf(t, db), "\n"), "one over all rows gives way to it")
		requireNoFurtherChange(t, db, &owned{})
	})
}

func TestAPlainIndexTaggedLiveCoversLiveRowsOnly(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.Exec("CREATE TABLE migrate_users (id integer PRIMARY KEY, age integer)").Error)
		require.NoError(t, former.Exec("CREATE INDEX idx_migrate_users_age ON migrate_users (age)").Error)
		db := fixture.Use(t, database, softdelete.Config{Models: migrateModels})
		require.NoError(t, db.AutoMigrate(&migrateUser{}))
		for _, index := range indexesOf(t, db) {
			if strings.Contains(index, "idx_migrate_users_age") {
				require.Contains(t, index, "WHERE")
				require.NotContains(t, index, "UNIQUE")
			}
		}
		requireNoFurtherChange(t, db, &migrateUser{})
	})
}

// migrateQuoted has a table in a schema of its own and names that must be quoted.
type migrateQuoted struct {
	ID        uint
	Email     string         `gorm:"column:E Mail;uniqueIndex"`
	Code      string         `gorm:"column:Code;unique"`
	DeletedAt gorm.DeletedAt `gorm:"column:Deleted At"`
}

func TestTablesInAnotherSchemaAndWithQuotedNames(t *testing.T) {
	database := testdb.Postgres(t)
	former := database.Open(t)
	var schemaName string
	require.NoError(t, former.Raw("SELECT current_schema()").Scan(&schemaName).Error)
	other := schemaName + `_Other`
	require.NoError(t, former.Exec(`CREATE SCHEMA "`+other+`"`).Error)
	t.Cleanup(func() { require.NoError(t, former.Exec(`DROP SCHEMA "`+other+`" CASCADE`).Error) })
	config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: other + ".My_", NoLowerCase: true}}
	require.NoError(t, database.Open(t, config).AutoMigrate(&migrateQuoted{}))
	index := schema.NamingStrategy{NoLowerCase: true}.IndexName(other+".My_migrateQuoteds", "Email")
	require.NoError(t, former.Exec(`CREATE TABLE "My_migrateQuoteds" ("E Mail" text)`).Error)
	require.NoError(t, former.Exec(`CREATE INDEX "`+index+`" ON "My_migrateQuoteds" ("E Mail")`).Error, "of the same name, elsewhere")
	before := indexesOf(t, former)
	db := migrateUse(t, database.Open(t, config))
	require.NoError(t, db.AutoMigrate(&migrateQuoted{}))
	requireNoFurtherChange(t, db, &migrateQuoted{})
	require.Equal(t, before, indexesOf(t, former), "the other table's index is as it was")
	for range 2 {
		require.NoError(t, db.Create(&migrateQuoted{Email: "e", Code: "c"}).Error)
		require.Error(t, db.Create(&migrateQuoted{Email: "e", Code: "d"}).Error)
		require.Error(t, db.Create(&migrateQuoted{Email: "f", Code: "c"}).Error)
		require.NoError(t, db.Where("1 = 1").Delete(&migrateQuoted{}).Error)
	}
}
