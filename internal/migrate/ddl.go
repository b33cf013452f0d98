package migrate

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// DDL lists the statements that db.AutoMigrate(models...) would execute on the database as it is, in order, and executes none
// of them.
func (m *Migrations) DDL(db *gorm.DB, models ...any) ([]string, error) {
	l, err := m.list(db, models)
	return slices.Concat(l.open, l.statements, l.shut), err
}

// listing is what a migration would execute.
type listing struct {
	statements []string
	rebuilds   bool     // tables are made anew
	checked    []string // those of them whose foreign keys can be checked
	// open and shut switch foreign keys off and on, on a connection that enforces them, where tables are made anew.
	open, shut []string
}

func (m *Migrations) list(db *gorm.DB, models []any) (l listing, err error) {
	called := policy.Called(db).Statement
	if len(models) != 1 {
		if err := policy.NoTable(db, "DDL of all or several models"); err != nil {
			return l, err
		}
	}
	tx := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	statement.ToWriter(tx, "")
	pool := statement.Unprepared(tx.Statement.ConnPool)
	recorder := &ddlRecorder{ConnPool: pool, data: statement.Pinned{ConnPool: pool}, made: map[string]bool{}, indexes: map[string]map[string]bool{}, noted: map[string]bool{}}
	reader := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	reader.Statement.ConnPool = recorder.data
	reader = reader.Session(&gorm.Session{NewDB: true})
	if !m.Dialect.Has(dialect.AlterInPlace) {
		// What a step does depends on those before it: they are executed, on an empty copy.
		copied, err := m.Dialect.Rehearsal(reader)
		if err != nil {
			return l, err
		}
		defer copied.Close()
		recorder.ConnPool, recorder.rehearsal = copied, copied
	}
	recorder.explain = tx.Dialector.Explain
	// As a transaction, which dbresolver leaves alone: it would execute the statements on a pool of its own.
	tx.Statement.ConnPool = &ddlTransaction{recorder}
	tx.Config.ConnPool = recorder
	tx.Config.PrepareStmt = false
	tx.Config.DryRun = false
	tx.Statement.Table, tx.Statement.TableExpr = called.Table, called.TableExpr
	if err := tx.Session(&gorm.Session{}).AutoMigrate(models...); err != nil {
		return l, err
	}
	return recorder.list(m.Dialect, reader)
}

// ddlRecorder is a connection that lets a migration read and notes what it would write.
type ddlRecorder struct {
	gorm.ConnPool
	data      gorm.ConnPool // the database's own rows
	rehearsal *sql.DB       // executes what is written; nil where the database changes tables in place
	explain   func(sql string, vars ...any) string
	parts     []ddlPart
	made      map[string]bool            // columns, logs and tables of the plugin's that were made, where nothing is executed
	indexes   map[string]map[string]bool // by table, whether they were made or dropped, likewise
	noted     map[string]bool            // remarks
	checked   []string                   // tables made anew whose foreign keys can be checked
}

// note adds a remark to the statements, once.
func (r *ddlRecorder) note(text string) {
	if r == nil || r.noted[text] {
		return
	}
	r.noted[text] = true
	if len(r.parts) == 0 {
		r.begin("", nil)
	}
	part := &r.parts[len(r.parts)-1]
	part.statements = append(part.statements, text)
}

// ExecContext implements gorm.ConnPool: it notes the statement.
func (r *ddlRecorder) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	text := strings.TrimSpace(r.explain(query, args...))
	if strings.HasPrefix(text, "SAVEPOINT ") {
		return affected(0), nil
	}
	if len(r.parts) == 0 {
		r.begin("", nil)
	}
	part := &r.parts[len(r.parts)-1]
	part.statements = append(part.statements, text)
	if r.rehearsal == nil {
		return affected(0), nil
	}
	return r.rehearsal.ExecContext(ctx, query, args...)
}

// BeginTx implements gorm.ConnPoolBeginner: the migration's transactions read on the same connection.
func (r *ddlRecorder) BeginTx(context.Context, *sql.TxOptions) (gorm.ConnPool, error) {
	return &ddlTransaction{r}, nil
}

// ddlTransaction is a transaction of a ddlRecorder.
type ddlTransaction struct{ *ddlRecorder }

// Commit implements gorm.TxCommitter.
func (*ddlTransaction) Commit() error { return nil }

// Rollback implements gorm.TxCommitter.
func (*ddlTransaction) Rollback() error { return nil }

// recorderOf gives the recorder that a migration runs on; nil where it is a real one.
func recorderOf(db *gorm.DB) *ddlRecorder {
	switch pool := db.Statement.ConnPool.(type) {
	case *ddlRecorder:
		return pool
	case *ddlTransaction:
		return pool.ddlRecorder
	}
	return nil
}

// list gives the statements in their stable order.
func (r *ddlRecorder) list(d *dialect.Dialect, db *gorm.DB) (l listing, err error) {
	for _, part := range inStableOrder(r.parts) {
		l.statements = append(l.statements, sortedConstraints(part.statements)...)
	}
	drops := func(text string) bool { return strings.HasPrefix(text, "DROP TABLE ") }
	if r.rehearsal == nil || !slices.ContainsFunc(l.statements, drops) {
		return l, nil
	}
	slices.Sort(r.checked)
	l.rebuilds, l.checked = true, slices.Compact(r.checked)
	enforced, err := d.Enforced(db)
	if enforced {
		l.open, l.shut = []string{d.Enforce(false)}, []string{d.Enforce(true)}
	}
	return l, err
}

// affected is an sql.Result of a number of rows.
type affected int64

// LastInsertId implements sql.Result.
func (affected) LastInsertId() (int64, error) { return 0, nil }

// RowsAffected implements sql.Result.
func (a affected) RowsAffected() (int64, error) { return int64(a), nil }
