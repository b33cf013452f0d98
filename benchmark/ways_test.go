// Package benchmark_test times queries with the plugin beside what GORM and others offer. It is a module of its own, so that
// gorm.io/plugin/soft_delete is not among what users of the plugin depend on.
package benchmark_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/plugin/soft_delete"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// All ways to delete read and write the same rows of the same two tables. Their models have the same columns, and differ
// only in what the deletion columns mean to GORM.
type (
	byHand struct {
		Status    string `gorm:"not null"`
		DeletedAt sql.NullTime
		Removed   int64
	}
	byGORM struct {
		Status    string `gorm:"not null"`
		DeletedAt gorm.DeletedAt
		Removed   int64
	}
	bySoftDelete struct {
		Status    string `gorm:"not null"`
		DeletedAt sql.NullTime
		Removed   soft_delete.DeletedAt
	}
	byStatus struct {
		Status    string `gorm:"not null" softdelete:"status;deleted:removed"`
		DeletedAt sql.NullTime
		Removed   int64
	}
)

type company[Deletion any] struct {
	ID       uint
	Name     string
	Deletion Deletion           `gorm:"embedded"`
	Members  []member[Deletion] `gorm:"foreignKey:CompanyID"`
}

type member[Deletion any] struct {
	ID        uint
	CompanyID uint `gorm:"index"`
	Company   *company[Deletion]
	Name      string
	Email     string
	Deletion  Deletion `gorm:"embedded"`
}

func (company[Deletion]) TableName() string { return "companies" }
func (member[Deletion]) TableName() string  { return "members" }

// The rows: every tenth company and every tenth member is deleted.
const (
	companies = 50
	members   = 40 * companies
	example   = 11 // the key of the member that is read, updated and deleted
)

// way is one way to have deleted rows, with what is done to the rows.
type way struct {
	name       string
	compared   int // the way with the same condition written by hand
	operations map[string]func() error
}

// The operations, in the order of the report.
const (
	first   = "First"
	find    = "Find100"
	count   = "Count"
	preload = "Preload"
	join    = "Joins"
	update  = "Update"
	remove  = "Delete"
)

var operations = []string{first, find, count, preload, join, update, remove}

// fixture is a database with its rows and every way to work on them. All share one connection, so that none has warmer
// caches.
type fixture struct {
	pool *sql.DB
	ways []way
}

// uncommitted leaves out what a commit costs on disk, which would hide all else. A session of MySQL cannot: there it is the server's
// innodb_flush_log_at_trx_commit.
var uncommitted = map[string]string{"sqlite": "PRAGMA synchronous = OFF", "postgres": "SET synchronous_commit = off"}

// newFixture prepares a database.
func newFixture(t testing.TB, database *testdb.Database) *fixture {
	t.Helper()
	pool, err := openGORM(t, database, nil).DB()
	require.NoError(t, err)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	f := &fixture{pool: pool}
	open := func() *gorm.DB { return openGORM(t, database, pool) }
	require.NoError(t, open().AutoMigrate(&company[byHand]{}, &member[byHand]{}))
	if setting, ok := uncommitted[database.Name]; ok {
		f.exec(t, setting)
	}
	f.fill(t)
	analyze := "ANALYZE"
	if database.Name == "mysql" {
		analyze = "ANALYZE TABLE companies, members"
	}
	f.exec(t, analyze)

	withTimestamp, withStatus := open(), open()
	require.NoError(t, withTimestamp.Use(softdelete.New(softdelete.Config{Models: []any{&company[byGORM]{}, &member[byGORM]{}}})))
	require.NoError(t, withStatus.Use(softdelete.New(softdelete.Config{Models: []any{&company[byStatus]{}, &member[byStatus]{}}})))
	f.ways = []way{
		{"by hand, time", 0, writtenByHand(open(), "%s IS NULL", "deleted_at", func() any { return time.Now() })},
		{"gorm.DeletedAt", 0, operationsOf[byGORM](open())},
		{"soft_delete", 0, operationsOf[bySoftDelete](open())},
		{"plugin, time", 0, operationsOf[byGORM](withTimestamp)},
		{"by hand, status", 4, writtenByHand(open(), "%s <> 'removed'", "status", func() any { return "removed" })},
		{"plugin, status", 4, operationsOf[byStatus](withStatus)},
	}
	return f
}

// openGORM opens the database anew, on a pool if there is one already.
func openGORM(t testing.TB, database *testdb.Database, pool *sql.DB) *gorm.DB {
	t.Helper()
	config := &gorm.Config{Logger: logger.Discard}
	var conn gorm.ConnPool
	if pool != nil {
		conn = pool
	}
	dialector := map[string]gorm.Dialector{
		"sqlite":   sqlite.New(sqlite.Config{DSN: database.DSN, Conn: conn}),
		"postgres": postgres.New(postgres.Config{DSN: database.DSN, Conn: conn}),
		"mysql":    mysql.New(mysql.Config{DSN: database.DSN, Conn: conn, DefaultStringSize: 191}),
	}[database.Name]
	db, err := gorm.Open(dialector, config)
	require.NoError(t, err)
	return db
}

// fill inserts the rows. Those that are deleted are so in all ways.
func (f *fixture) fill(t testing.TB) {
	t.Helper()
	const perStatement = 500 // databases count as far as 1000 by themselves
	const deletion = "CASE i % 10 WHEN 0 THEN 'removed' ELSE 'active' END, CASE i % 10 WHEN 0 THEN CURRENT_TIMESTAMP END, CASE i % 10 WHEN 0 THEN 1 ELSE 0 END"
	insert := func(rows int, into, values string) {
		for first := 1; first <= rows; first += perStatement {
			series := fmt.Sprintf("WITH RECURSIVE series (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM series WHERE i < %d)", first, min(rows, first+perStatement-1))
			f.exec(t, "INSERT INTO "+into+" "+series+" SELECT "+values+", "+deletion+" FROM series")
		}
	}
	insert(companies, "companies (id, name, status, deleted_at, removed)", "i, 'a company'")
	insert(members, "members (id, company_id, name, email, status, deleted_at, removed)", fmt.Sprintf("i, i %% %d + 1, 'a name', 'name@example.com'", companies))
}

func (f *fixture) exec(t testing.TB, statement string) {
	t.Helper()
	_, err := f.pool.Exec(statement)
	require.NoError(t, err, statement)
}

// revive makes the example live again.
func (f *fixture) revive(t testing.TB) {
	t.Helper()
	f.exec(t, fmt.Sprintf("UPDATE members SET status = 'active', deleted_at = NULL, removed = 0, name = 'a name' WHERE id = %d", example))
}

// operationsOf are the operations where GORM or a plugin adds the filter.
func operationsOf[Deletion any](db *gorm.DB) map[string]func() error {
	key := member[Deletion]{ID: example}
	return map[string]func() error{
		first: func() error { return db.First(&member[Deletion]{}, example).Error },
		find:  func() error { return db.Limit(100).Find(&[]member[Deletion]{}).Error },
		count: func() error {
			return db.Model(&member[Deletion]{}).Where("company_id = ?", 7).Count(new(int64)).Error
		},
		preload: func() error { return db.Preload("Members").Limit(2).Find(&[]company[Deletion]{}).Error },
		join:    func() error { return db.Joins("Company").Limit(20).Find(&[]member[Deletion]{}).Error },
		update: func() error {
			row := key
			return db.Model(&row).Update("name", "another name").Error
		},
		remove: func() error {
			row := key
			return db.Delete(&row).Error
		},
	}
}

// writtenByHand are the same operations with every condition written by hand.
func writtenByHand(db *gorm.DB, condition, column string, deleted func() any) map[string]func() error {
	key := member[byHand]{ID: example}
	live := fmt.Sprintf(condition, column)
	memberLives, companyLives := fmt.Sprintf(condition, "members."+column), fmt.Sprintf(condition, db.Statement.Quote("Company."+column))
	return map[string]func() error{
		first: func() error { return db.Where(live).First(&member[byHand]{}, example).Error },
		find:  func() error { return db.Where(live).Limit(100).Find(&[]member[byHand]{}).Error },
		count: func() error {
			return db.Model(&member[byHand]{}).Where("company_id = ?", 7).Where(live).Count(new(int64)).Error
		},
		preload: func() error {
			return db.Preload("Members", live).Where(live).Limit(2).Find(&[]company[byHand]{}).Error
		},
		join: func() error {
			return db.Joins("Company", db.Where(companyLives)).Where(memberLives).Limit(20).Find(&[]member[byHand]{}).Error
		},
		update: func() error {
			row := key
			return db.Model(&row).Where(live).Update("name", "another name").Error
		},
		remove: func() error {
			row := key
			return db.Model(&row).Where(live).Update(column, deleted()).Error
		},
	}
}
