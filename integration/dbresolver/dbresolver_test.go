// Package dbresolver_test checks softdelete together with gorm.io/plugin/dbresolver.
package dbresolver_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Company struct {
	ID         uint
	Name       string `gorm:"uniqueIndex"`
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Employees  []Employee `softdelete:"cascade"`
	Contracts  []Contract `softdelete:"block"`
}

// Employee has hooks, so that its rows are loaded.
type Employee struct {
	ID        uint
	CompanyID uint
	Company   *Company `softdelete:"guard"`
	Email     string   `gorm:"unique"`
	DeletedAt gorm.DeletedAt
}

func (*Employee) BeforeDelete(*gorm.DB) error  { return nil }
func (*Employee) BeforeRestore(*gorm.DB) error { return nil }

type Contract struct {
	ID        uint
	CompanyID uint
	DeletedAt gorm.DeletedAt
}

func models() []any { return []any{&Company{}, &Employee{}, &Contract{}} }

// cluster is a writer and a replica that lags for ever: it has the tables, and no rows.
type cluster struct {
	db      *gorm.DB // resolves
	writer  *gorm.DB // alone
	replica *testdb.Recorder
}

// setUp is how an application sets the plugins up.
type setUp struct {
	pluginFirst, skipTransaction, prepare, otherSource bool
}

func (s setUp) String() string {
	return fmt.Sprintf("plugin first %t, skip transaction %t, prepare %t, other source %t", s.pluginFirst, s.skipTransaction, s.prepare, s.otherSource)
}

func newCluster(t *testing.T, empty func(testing.TB) *testdb.Database, s setUp) cluster {
	t.Helper()
	config := &gorm.Config{SkipDefaultTransaction: s.skipTransaction, PrepareStmt: s.prepare}
	plugin := softdelete.New(softdelete.Config{Models: models(), Ledger: true})
	tables := append(softdelete.Tables(), models()...)
	first, second, third := empty(t), empty(t), empty(t)
	for _, database := range []*testdb.Database{first, second, third} {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models()})))
		require.NoError(t, db.AutoMigrate(tables...))
	}

	replica := second.Open(t)
	register := dbresolver.Config{Replicas: []gorm.Dialector{dialectorOf(replica)}}
	c := cluster{db: first.Open(t, config), writer: first.Open(t), replica: testdb.Record(replica)}
	if s.otherSource { // the pool that gorm.Open made is none of them
		source := third.Open(t)
		register.Sources = []gorm.Dialector{dialectorOf(source)}
		c.writer = source
	}
	resolver := dbresolver.Register(register)
	for _, p := range map[bool][]gorm.Plugin{true: {plugin, resolver}, false: {resolver, plugin}}[s.pluginFirst] {
		require.NoError(t, c.db.Use(p))
	}
	require.NoError(t, c.writer.Use(softdelete.New(softdelete.Config{Models: models(), Ledger: true})))
	return c
}

// dialectorOf gives a dialector on the pool of a database that is open.
func dialectorOf(db *gorm.DB) gorm.Dialector { return db.Dialector }

// another makes one more database of a kind.
var another = map[string]func(testing.TB) *testdb.Database{"sqlite": testdb.SQLite, "postgres": testdb.Postgres, "mysql": testdb.MySQL}

// each runs a test for all databases and all ways to set the plugins up.
func each(t *testing.T, run func(t *testing.T, c cluster)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.Contains(t, another, database.Name)
		for _, s := range []setUp{{}, {pluginFirst: true, skipTransaction: true, prepare: true}, {skipTransaction: true, otherSource: true}} {
			t.Run(s.String(), func(t *testing.T) { run(t, newCluster(t, another[database.Name], s)) })
		}
	})
}

func count(t *testing.T, db *gorm.DB, model any) (rows int) {
	t.Helper()
	var n int64
	require.NoError(t, db.Model(model).Count(&n).Error)
	return int(n)
}

func TestAllThatThePluginReadsComesFromTheWriter(t *testing.T) {
	each(t, func(t *testing.T, c cluster) {
		company := &Company{Name: "red", Employees: []Employee{{Email: "a"}, {Email: "b"}}}
		contract := &Contract{}
		live := func() []int {
			return []int{count(t, c.writer, &Company{}), count(t, c.writer, &Employee{}), count(t, c.writer, &Contract{})}
		}
		require.NoError(t, c.db.Create(company).Error)
		contract.CompanyID = company.ID
		require.NoError(t, c.db.Create(contract).Error)
		require.Equal(t, []int{1, 2, 1}, live())

		preview, err := softdelete.Preview(c.db, company)
		require.NoError(t, err)
		require.Len(t, preview.Blockers, 1)
		require.ErrorIs(t, c.db.Delete(company).Error, softdelete.ErrBlocked)
		require.NoError(t, c.db.Delete(contract).Error)
		require.NoError(t, c.db.Delete(company).Error)
		require.Equal(t, []int{0, 0, 0}, live())

		require.ErrorIs(t, c.db.Create(&Employee{CompanyID: company.ID, Email: "c"}).Error, softdelete.ErrParentDeleted)
		require.ErrorIs(t, c.db.Save(&Company{ID: company.ID, Name: "x"}).Error, softdelete.ErrRowDeleted)

		c.replica.Reset()
		preview, err = softdelete.PreviewRestore(c.db, company)
		require.NoError(t, err)
		require.Len(t, preview.Effects, 2)
		require.NoError(t, c.db.Create(&Company{Name: "red"}).Error)
		_, err = softdelete.Restore(c.db, company)
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.NoError(t, c.db.Unscoped().Where("id <> ?", company.ID).Delete(&Company{}).Error)
		_, err = softdelete.Restore(c.db, company)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 0}, live())

		report, err := softdelete.Delete(c.db, company)
		require.NoError(t, err)
		_, err = softdelete.RestoreDeletion(c.db, report.DeletionID)
		require.NoError(t, err)
		require.Equal(t, []int{1, 2, 0}, live())
		require.NoError(t, c.db.Unscoped().Delete(contract).Error)
		require.NoError(t, c.db.Unscoped().Delete(company).Error)
		require.Equal(t, []int{0, 0, 0}, live())
		require.Empty(t, c.replica.Statements())

		require.Zero(t, count(t, c.db, &Company{}))
		require.Len(t, c.replica.Statements(), 1, "reads outside of the plugin go to the replica")
	})
}

func TestInitializeForTheReplicasChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, c cluster) {
		require.NoError(t, c.db.Create(&Company{Name: "red"}).Error)
		c.replica.Reset()
		var found []Company
		require.NoError(t, c.db.Find(&found).Error)
		require.Len(t, c.replica.Statements(), 1)
		require.Contains(t, c.replica.Statements()[0], "IS NULL")
		require.NoError(t, c.db.Clauses(dbresolver.Write).Find(&found).Error)
		require.Len(t, found, 1)
		require.NoError(t, c.db.Clauses(dbresolver.Write).Clauses(softdelete.WithDeleted).Find(&found).Error)
		require.Len(t, found, 1)
	})
}

func TestAutoMigrateLooksAtTheWritersIndexes(t *testing.T) {
	each(t, func(t *testing.T, c cluster) {
		require.NoError(t, c.writer.Migrator().DropIndex(&Company{}, "idx_companies_name"))
		require.NoError(t, c.writer.Exec(`CREATE UNIQUE INDEX idx_companies_name ON companies (name)`).Error)
		session := c.db.Clauses(dbresolver.Write).Session(&gorm.Session{})
		statements, err := softdelete.DDL(session, &Company{})
		require.NoError(t, err)
		require.NotEmpty(t, statements)
		require.NoError(t, session.AutoMigrate(&Company{}))
		statements, err = softdelete.DDL(session, &Company{})
		require.NoError(t, err)
		require.Empty(t, statements)
		company := &Company{Name: "red"}
		require.NoError(t, c.db.Create(company).Error)
		require.NoError(t, c.db.Delete(company).Error)
		require.NoError(t, c.db.Create(&Company{Name: "red"}).Error, "unique among live rows")
	})
}
