package statement_test

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// server is what stands behind a claimed pool.
type server struct {
	says  atomic.Pointer[string]
	asked atomic.Int64
}

const (
	// silent answers nothing, as a schema loader's pool; away has no connection; itself says what it really is.
	silent = ""
	away   = "away"
	itself = "itself"
	roach  = "CockroachDB CCL v23.2.5 (x86_64-pc-linux-gnu)"
)

func (s *server) say(what string) { s.says.Store(&what) }

// claimed is a pool, or a transaction of it, whose server says to be another.
type claimed struct {
	gorm.ConnPool
	server *server
}

func (c *claimed) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if !strings.EqualFold(query, "SELECT version()") && query != "SELECT sqlite_version()" {
		return c.ConnPool.QueryRowContext(ctx, query, args...)
	}
	c.server.asked.Add(1)
	switch says := *c.server.says.Load(); says {
	case silent:
		query = "SELECT 'nothing' WHERE 1 = 0"
	case away:
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	case itself:
	default:
		query = "SELECT '" + says + "'"
	}
	return c.ConnPool.QueryRowContext(ctx, query, args...)
}

func (c *claimed) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := c.ConnPool.(gorm.TxBeginner).BeginTx(ctx, options)
	return &claimedTx{&claimed{tx, c.server}}, err
}

func (c *claimed) GetDBConn() (*sql.DB, error) { return c.ConnPool.(*sql.DB), nil }

// claimedTx only ends.
type claimedTx struct{ pool *claimed }

func (c *claimedTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return c.pool.PrepareContext(ctx, query)
}

func (c *claimedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return c.pool.ExecContext(ctx, query, args...)
}

func (c *claimedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return c.pool.QueryContext(ctx, query, args...)
}

func (c *claimedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.pool.QueryRowContext(ctx, query, args...)
}
func (c *claimedTx) Commit() error   { return c.pool.ConnPool.(gorm.TxCommitter).Commit() }
func (c *claimedTx) Rollback() error { return c.pool.ConnPool.(gorm.TxCommitter).Rollback() }

func (c *claimedTx) StmtContext(ctx context.Context, stmt *sql.Stmt) *sql.Stmt {
	return c.pool.ConnPool.(gorm.Tx).StmtContext(ctx, stmt)
}

// paper is a row with everything that asks for more than one statement.
type paper struct {
	ID        uint
	Text      string         `pii:"fixed:[erased]"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	Sheets    []sheet        `softdelete:"cascade"`
}

type sheet struct {
	ID, PaperID uint
	DeletedAt   gorm.DeletedAt
}

var papers = softdelete.Config{Models: []any{&paper{}, &sheet{}}}

// fill makes the tables and a row.
func fill(t *testing.T, database *testdb.Database) {
	t.Helper()
	require.NoError(t, fixture.Open(t, database, papers).Create(&paper{Text: "canary", Sheets: []sheet{{}}}).Error)
}

// claim opens a database whose server says to be another, without the plugin.
func claim(t *testing.T, database *testdb.Database, says string) (*gorm.DB, *server) {
	t.Helper()
	db := database.Open(t)
	behind := &server{}
	behind.say(says)
	db.Config.ConnPool = &claimed{db.Config.ConnPool, behind}
	db.Statement.ConnPool = db.Config.ConnPool
	return db, behind
}

// uses are ways to use the plugin, each with a statement of its own.
var uses = map[string]func(db *gorm.DB) error{
	"Create":          func(db *gorm.DB) error { return db.Create(&paper{}).Error },
	"Save":            func(db *gorm.DB) error { return db.Save(&paper{ID: 1, Text: "new"}).Error },
	"Update":          func(db *gorm.DB) error { return db.Model(&paper{ID: 1}).Update("text", "new").Error },
	"Delete":          func(db *gorm.DB) error { return db.Delete(&paper{ID: 1}).Error },
	"Unscoped Delete": func(db *gorm.DB) error { return db.Unscoped().Delete(&paper{ID: 1}).Error },
	"Find":            func(db *gorm.DB) error { return db.Find(&[]paper{}).Error },
	"Count":           func(db *gorm.DB) error { return db.Model(&paper{}).Count(new(int64)).Error },
	"Rows": func(db *gorm.DB) error {
		rows, err := db.Model(&paper{}).Rows()
		if err == nil {
			err = rows.Close()
		}
		return err
	},
	"Row":             func(db *gorm.DB) error { return db.Model(&paper{}).Select("count(*)").Row().Scan(new(int)) },
	"Row of SQL":      func(db *gorm.DB) error { return db.Raw("SELECT 1").Row().Scan(new(int)) },
	"Preview":         func(db *gorm.DB) error { _, err := softdelete.Preview(db, &paper{ID: 1}); return err },
	"Restore":         func(db *gorm.DB) error { _, err := softdelete.Restore(db, &paper{ID: 1}); return err },
	"RestoreDeletion": func(db *gorm.DB) error { _, err := softdelete.RestoreDeletion(db, "1"); return err },
	"Purge":           func(db *gorm.DB) error { _, err := softdelete.Purge(db, softdelete.PurgeOptions{}); return err },
	"Erase": func(db *gorm.DB) error {
		_, err := softdelete.Erase(db, &paper{ID: 1}, softdelete.ErasureRequest{})
		return err
	},
	"PreviewErasure": func(db *gorm.DB) error { _, err := softdelete.PreviewErasure(db, &paper{ID: 1}); return err },
	"Hold": func(db *gorm.DB) error {
		_, err := softdelete.Hold(db, &paper{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		return err
	},
	"Release":            func(db *gorm.DB) error { return softdelete.Release(db, "1") },
	"Holds":              func(db *gorm.DB) error { _, err := softdelete.Holds(db); return err },
	"DispatchErasures":   softdelete.DispatchErasures,
	"VerifyCertificates": softdelete.VerifyCertificates,
	"AutoMigrate":        func(db *gorm.DB) error { return db.AutoMigrate(&paper{}) },
	"DDL":                func(db *gorm.DB) error { _, err := softdelete.DDL(db); return err },
	"in a transaction": func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&paper{ID: 1}).Error })
	},
}

func TestAForkIsRefusedByName(t *testing.T) {
	database := testdb.Postgres(t)
	fill(t, database)
	db, behind := claim(t, database, roach)
	err := db.Use(softdelete.New(papers))
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "the server is CockroachDB, not PostgreSQL")
	_, err = softdelete.Purge(db, softdelete.PurgeOptions{})
	require.ErrorIs(t, err, softdelete.ErrNotRegistered)
	behind.say(itself)
	require.NoError(t, db.Use(softdelete.New(papers)), "another server, the same *gorm.DB")
	require.NoError(t, db.Delete(&paper{ID: 1}).Error)
}

func TestAServerThatIsTooOldIsRefusedWithItsVersion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for says, version := range map[string]map[string]string{
			"sqlite":   {"3.37.2": "3.37.2"},
			"postgres": {"PostgreSQL 11.22 on x86_64-pc-linux-gnu, compiled by gcc 12.2.0, 64-bit": "PostgreSQL 11.22"},
			"mysql":    {"8.0.22": "MySQL 8.0.22", "5.7.44-log": "MySQL 5.7.44", "10.5.29-MariaDB": "MariaDB 10.5"},
		}[database.Name] {
			db, _ := claim(t, database, says)
			err := db.Use(softdelete.New(papers))
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, version)
		}
	})
}

func TestAServerIsAskedOnceWhereItAnswersAtUse(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, itself)
		recorder := testdb.Record(db)
		require.NoError(t, db.Use(softdelete.New(papers)))
		asked := func() (count int) {
			for _, sql := range recorder.Statements() {
				if strings.Contains(strings.ToLower(sql), "version()") {
					count++
				}
			}
			return count
		}
		first := 1
		if database.Name == "mysql" {
			first = 2 // which of its relatives it is, too
		}
		require.Equal(t, first, asked())
		for name, use := range uses {
			_ = use(db)
			require.Equal(t, first, asked(), name)
		}
		require.EqualValues(t, first, behind.asked.Load())
	})
}

func TestAForkThatDoesNotAnswerAtUseIsRefusedByTheFirstStatement(t *testing.T) {
	database := testdb.Postgres(t)
	fill(t, database)
	for _, before := range []string{silent, away} {
		for name, use := range uses {
			t.Run(name, func(t *testing.T) {
				db, behind := claim(t, database, before)
				require.NoError(t, db.Use(softdelete.New(papers)))
				recorder := testdb.Record(db)
				behind.say(roach)
				for range 2 {
					err := use(db)
					require.ErrorIs(t, err, softdelete.ErrUnsupported)
					require.ErrorContains(t, err, "the server is CockroachDB")
				}
				for _, sql := range recorder.Statements() {
					require.Contains(t, []string{"BEGIN", "ROLLBACK", "SELECT '" + roach + "'"}, sql)
				}
			})
		}
	}
}

func TestAStatementWithoutAConnectionSaysSo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, away)
		require.NoError(t, db.Use(softdelete.New(papers)), "there may be no server yet")
		for name, use := range uses {
			require.ErrorIs(t, use(db), context.Canceled, name)
		}
		behind.say(itself)
		err := db.Delete(&paper{ID: 1}).Error
		if wasMistaken(t, database, err) {
			return
		}
		require.NoError(t, err)
		before := behind.asked.Load()
		require.NoError(t, db.Find(&[]paper{}).Error)
		require.Equal(t, before, behind.asked.Load(), "it has answered")
	})
}

func TestAPoolThatAnswersNothingIsUsedAllTheSame(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, _ := claim(t, database, silent)
		require.NoError(t, db.Use(softdelete.New(papers)))
		if database.Name == "mysql" {
			require.NoError(t, db.Find(&[]paper{}).Error) // what differs between MySQL and MariaDB cannot be known
			return
		}
		require.NoError(t, db.AutoMigrate(&paper{}))
		require.NoError(t, db.Delete(&paper{ID: 1}).Error)
	})
}

func TestADryRunAsksNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, roach)
		db.Config.DryRun = true
		recorder := testdb.Record(db)
		require.NoError(t, db.Use(softdelete.New(papers)))
		require.NoError(t, db.Find(&[]paper{}).Error)
		require.NoError(t, db.Delete(&paper{ID: 1}).Error)
		require.Zero(t, behind.asked.Load())
		for _, sql := range recorder.Statements() {
			require.Contains(t, []string{"BEGIN", "COMMIT"}, sql)
		}
	})
}

// wasMistaken tells whether an error is that of a server which was silent when the plugin was put into use, was taken for the first of those
// that GORM has one name for, and turns out to be another.
func wasMistaken(t *testing.T, database *testdb.Database, err error) bool {
	t.Helper()
	if err == nil || database.Name != "mysql" {
		return false
	}
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "the server is MariaDB, which did not answer when the plugin was put into use")
	require.ErrorContains(t, err, "call db.Use once the server answers")
	return true
}

func TestSessionsMayAskAtOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, silent)
		require.NoError(t, db.Use(softdelete.New(papers)))
		behind.say(itself)
		var sessions sync.WaitGroup
		for range 8 {
			sessions.Go(func() { _ = db.Find(&[]paper{}).Error })
		}
		sessions.Wait()
		asked := behind.asked.Load()
		if err := db.Find(&[]paper{}).Error; !wasMistaken(t, database, err) {
			require.NoError(t, err)
		}
		require.Equal(t, asked, behind.asked.Load())
	})
}

// Whoever waited for the pool, or for another's answer, would wait for ever.
func TestInATransactionOnTheOnlyConnectionItIsAskedThere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, silent)
		pool, err := db.DB()
		require.NoError(t, err)
		pool.SetMaxOpenConns(1)
		require.NoError(t, db.Use(softdelete.New(papers)))
		behind.say(itself)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began, ended := make(chan struct{}), make(chan error)
		go func() {
			<-began
			ended <- db.WithContext(ctx).Find(&[]paper{}).Error
		}()
		answers := func(err error) {
			if !wasMistaken(t, database, err) {
				require.NoError(t, err)
			}
		}
		answers(db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			close(began)
			return tx.Delete(&paper{ID: 1}).Error
		}))
		answers(<-ended)
	})
}

func TestTheQuestionIsNotPrepared(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fill(t, database)
		db, behind := claim(t, database, silent)
		require.NoError(t, db.Use(softdelete.New(papers)))
		behind.say(itself)
		prepared := db.Session(&gorm.Session{PrepareStmt: true})
		if err := prepared.Delete(&paper{ID: 1}).Error; !wasMistaken(t, database, err) {
			require.NoError(t, err)
		}
		for _, text := range prepared.ConnPool.(*gorm.PreparedStmtDB).Stmts.Keys() {
			require.NotContains(t, strings.ToLower(text), "version")
		}
	})
}
