package softdelete

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// DDL lists the statements that db.AutoMigrate(models...) would execute on the database as it is, in order, and executes
// none of them: for goose, golang-migrate and others that keep migrations as SQL. On an empty database that is everything;
// on one that an earlier version made, the upgrade. Without models it takes Config.Models. The list is the same every time.
func DDL(db *gorm.DB, models ...any) ([]string, error) {
	e, err := engineOf(db)
	if err != nil {
		return nil, err
	}
	if len(models) == 0 {
		models = e.plugin.config.Models
	}
	for _, model := range models {
		if _, err := policyOf(db, model); err != nil {
			return nil, err
		}
	}
	recorder := &ddlRecorder{ConnPool: db.Statement.ConnPool, dropped: map[string]bool{}, made: map[string]bool{}}
	tx := inWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	recorder.explain = tx.Dialector.Explain
	tx.Statement.ConnPool = recorder
	tx.Config.ConnPool = recorder
	tx.Config.PrepareStmt = false
	tx.Config.DryRun = false
	if err := tx.Session(&gorm.Session{}).AutoMigrate(models...); err != nil {
		return nil, err
	}
	return inStableOrder(recorder.statements), nil
}

// ddlRecorder is a connection that lets a migration read and notes what it would write.
type ddlRecorder struct {
	gorm.ConnPool
	explain    func(sql string, vars ...any) string
	statements []string
	dropped    map[string]bool // tables that were dropped, and made anew, with their indexes
	made       map[string]bool // indexes that were built
}

// ExecContext implements gorm.ConnPool: it notes the statement.
func (r *ddlRecorder) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	statement := strings.TrimSpace(r.explain(query, args...))
	if strings.HasPrefix(statement, "SAVEPOINT ") {
		return affected(0), nil
	}
	if table, ok := strings.CutPrefix(statement, "DROP TABLE "); ok {
		r.dropped[strings.Trim(table, "`\"")] = true
	}
	r.statements = append(r.statements, statement)
	return affected(0), nil
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

// inStableOrder sorts the constraints inside CREATE TABLE, and neighbouring statements that add one: GORM takes them from a
// map (migrator/migrator.go:294, GORM 1.31).
func inStableOrder(statements []string) []string {
	sorted := make([]string, len(statements))
	for i, statement := range statements {
		sorted[i] = sortConstraints(statement)
	}
	adds := func(s string) bool {
		return strings.HasPrefix(s, "ALTER TABLE") && strings.Contains(s, " ADD CONSTRAINT ")
	}
	for start := 0; start < len(sorted); start++ {
		end := start
		for end < len(sorted) && adds(sorted[end]) {
			end++
		}
		slices.Sort(sorted[start:end])
		start = max(start, end-1)
	}
	return sorted
}

func sortConstraints(statement string) string {
	open := strings.IndexByte(statement, '(')
	if !strings.HasPrefix(statement, "CREATE TABLE") || open < 0 || !strings.HasSuffix(statement, ")") {
		return statement
	}
	parts := splitTopLevel(statement[open+1 : len(statement)-1])
	first := slices.IndexFunc(parts, func(part string) bool { return strings.HasPrefix(part, "CONSTRAINT ") })
	if first < 0 {
		return statement
	}
	slices.Sort(parts[first:])
	return fmt.Sprintf("%s(%s)", statement[:open], strings.Join(parts, ","))
}

// splitTopLevel splits a list at the commas outside parentheses and quotes.
func splitTopLevel(list string) (parts []string) {
	depth, start := 0, 0
	var quote rune
	for i, c := range list {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, list[start:i])
			start = i + 1
		}
	}
	return append(parts, list[start:])
}

// affected is an sql.Result of a number of rows.
type affected int64

// LastInsertId implements sql.Result.
func (affected) LastInsertId() (int64, error) { return 0, nil }

// RowsAffected implements sql.Result.
func (a affected) RowsAffected() (int64, error) { return int64(a), nil }
