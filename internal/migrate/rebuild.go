package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Where the database cannot change a table in place, GORM makes it anew and drops the old one. That loses its indexes until
// the end of the migration, and deletes the rows of other tables that refer to it by ON DELETE CASCADE while foreign keys
// are enforced. So a migration there is one transaction on a connection that does not enforce them, as
// https://www.sqlite.org/lang_altertable.html#otheralter says.

// AlterColumn implements gorm.Migrator. While an archive table is compared, it is that table's column that changes.
func (m *migrator) AlterColumn(value any, field string) error {
	if p, inArchive := m.db.Statement.Context.Value(archiveKey{}).(*policy.Policy); inArchive {
		return m.alterArchived(p, p.Schema.LookUpField(field))
	}
	if altered, err := m.alterOwn(value, field); err != nil || altered {
		return err
	}
	return m.rebuild(value, "", func(inner gorm.Migrator) error { return inner.AlterColumn(value, field) })
}

// DropColumn implements gorm.Migrator.
func (m *migrator) DropColumn(value any, field string) error {
	err := m.rebuild(value, field, func(inner gorm.Migrator) error {
		if done, err := m.dropWithIndexes(value, field); err != nil || done {
			return err
		}
		return inner.DropColumn(value, field)
	})
	return m.keepLogAfter(value, err)
}

// RenameColumn implements gorm.Migrator.
func (m *migrator) RenameColumn(value any, oldName, newName string) error {
	return m.keepLogAfter(value, m.Migrator.RenameColumn(value, oldName, newName))
}

// CreateConstraint implements gorm.Migrator.
func (m *migrator) CreateConstraint(value any, name string) error {
	return m.rebuild(value, "", func(inner gorm.Migrator) error { return inner.CreateConstraint(value, name) })
}

// DropConstraint implements gorm.Migrator.
func (m *migrator) DropConstraint(value any, name string) error {
	err := m.rebuild(value, "", func(inner gorm.Migrator) error { return inner.DropConstraint(value, name) })
	return m.notesIndex(value, name, false, err)
}

// atomically runs a migration in one transaction, without foreign keys being enforced. Inside a caller's transaction it is a
// savepoint, and they stay as they are: the database lets nobody change that in a transaction.
func (m *migrator) atomically(run func(tx *gorm.DB) error) error {
	db := m.db.Session(&gorm.Session{})
	if _, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter); inTransaction {
		return statement.WorkOn(db, run)
	}
	if _, pinned := db.Statement.ConnPool.(*sql.Conn); pinned {
		return m.unenforced(db, run)
	}
	return db.Connection(func(conn *gorm.DB) error { return m.unenforced(conn.Session(&gorm.Session{}), run) })
}

// unenforced runs a migration in one transaction on a single connection that does not enforce foreign keys meanwhile.
func (m *migrator) unenforced(conn *gorm.DB, run func(tx *gorm.DB) error) (err error) {
	d := m.migrations.Dialect
	ctx := context.WithoutCancel(conn.Statement.Context)
	session := statement.InWork(conn, ctx)
	enforced, err := d.Enforced(session)
	if err != nil || !enforced {
		if err == nil {
			err = statement.WorkOn(conn, run)
		}
		return err
	}
	if err := session.Exec(d.Enforce(false)).Error; err != nil {
		return err
	}
	defer func() {
		if again := m.enforceAgain(session); err == nil {
			err = again
		}
	}()
	return statement.WorkOn(conn, run)
}

// enforceAgain puts a connection back as it was before it goes back to its pool. Where the migration's context has ended, its
// transaction is rolled back by another goroutine, and until then the setting has no effect. A connection that stays as it is
// would let through what foreign keys forbid: its pool is told to close it.
func (m *migrator) enforceAgain(session *gorm.DB) (err error) {
	d := m.migrations.Dialect
	for wait := time.Millisecond; wait < 2*time.Second; wait *= 2 {
		if err = session.Exec(d.Enforce(true)).Error; err == nil {
			var enforced bool
			if enforced, err = d.Enforced(session); enforced || err != nil {
				return err
			}
		}
		time.Sleep(wait)
	}
	if conn, ok := session.Statement.ConnPool.(*sql.Conn); ok {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return errors.Join(errors.New("softdelete: the migration's connection could not be made to enforce foreign keys again, and was closed"), err)
}

// rebuild makes a change that may make the table of a value anew. It refuses where rows of other tables would be deleted by
// that, and where rows then refer to none that did not before. dropped is a column that goes, with the indexes on it.
func (m *migrator) rebuild(value any, dropped string, change func(inner gorm.Migrator) error) error {
	recorder := recorderOf(m.db)
	if m.migrations.Dialect.Has(dialect.AlterInPlace) || recorder != nil && recorder.rehearsal == nil || m.db.DryRun {
		return change(m.Migrator)
	}
	stmt := &gorm.Statement{Table: fmt.Sprint(value)}
	if _, isName := value.(string); !isName {
		parsed, err := m.statement(value)
		if err != nil {
			return err
		}
		stmt = parsed
	}
	if recorder != nil {
		session := statement.InWork(m.db, m.db.Statement.Context)
		keep, err := m.keepAttached(session, stmt.Table, dropped)
		if err != nil {
			return err
		}
		checkable := m.checkable(session, stmt.Table)
		if err := keep(change(m.Migrator)); err != nil {
			return err
		}
		for _, table := range m.checkable(session, stmt.Table) {
			if slices.Contains(checkable, table) {
				recorder.checked = append(recorder.checked, table)
			}
		}
		return nil
	}
	return m.atomically(func(tx *gorm.DB) error {
		session := statement.InWork(tx, tx.Statement.Context)
		if err := m.refuseReferrers(session, stmt.Table); err != nil {
			return err
		}
		before, err := m.migrations.Dialect.Violations(session, stmt.Table)
		unknown := err != nil // an old table may have keys that cannot be checked
		inner := innerMigrator(tx)
		keep, err := m.keepAttached(session, stmt.Table, dropped)
		if err != nil {
			return err
		}
		if err := keep(change(inner)); err != nil {
			return err
		}
		if err := m.on(tx).keepLog(value); err != nil {
			return err
		}
		after, err := m.migrations.Dialect.Violations(session, stmt.Table)
		if err == nil && !unknown && after > before {
			err = fmt.Errorf("softdelete: %w: %d rows of table %s would refer to no row", gorm.ErrForeignKeyViolated, after-before, stmt.Table)
		}
		if unknown {
			err = nil
		}
		return err
	})
}

// checkable lists a table and those that refer to it, as far as the database can tell whether their rows refer to others: an old one
// may have keys that cannot be checked.
func (m *migrator) checkable(session *gorm.DB, table string) (tables []string) {
	referrers, _ := m.migrations.Dialect.Referrers(session, table)
	for _, r := range append(referrers, dialect.Referrer{Table: table}) {
		if _, err := m.migrations.Dialect.Violations(session, r.Table); err == nil {
			tables = append(tables, r.Table)
		}
	}
	return tables
}

// refuseReferrers refuses to make a table anew while foreign keys to it are enforced and rows have them.
func (m *migrator) refuseReferrers(session *gorm.DB, table string) error {
	enforced, err := m.migrations.Dialect.Enforced(session)
	if err != nil || !enforced {
		return err
	}
	referrers, err := m.migrations.Dialect.Referrers(session, table)
	if err != nil {
		return err
	}
	for _, r := range referrers {
		rows := int64(0)
		q := m.migrations.Session(session).Query().Text("SELECT 1 FROM ").Name(r.Table).Text(" WHERE ").Name(r.Column).Text(" IS NOT NULL LIMIT 1")
		if err := q.Rows(func(func(...any) error) error { rows++; return nil }); err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("softdelete: table %s must be made anew, but rows of table %s refer to it, and a transaction cannot "+
				"switch foreign keys off: run AutoMigrate outside of the transaction", table, r.Table)
		}
	}
	return nil
}

// HasConstraint implements gorm.Migrator. GORM asks for a model's constraints in the order of a map (migrator/migrator.go:162,
// GORM 1.31); a rehearsal makes those that are missing in the order of their names, so that it gives the same list each time.
func (m *migrator) HasConstraint(value any, name string) bool {
	if r := recorderOf(m.db); r == nil || r.rehearsal == nil {
		return m.Migrator.HasConstraint(value, name)
	}
	stmt, err := m.statement(value)
	if err != nil {
		return m.Migrator.HasConstraint(value, name)
	}
	var keys []string
	for _, rel := range policy.RelationsOf(stmt.Schema) {
		if c := rel.ParseConstraint(); c != nil && c.Schema == stmt.Schema && !rel.Field.IgnoreMigration {
			keys = append(keys, c.Name)
		}
	}
	checks := slices.Collect(maps.Keys(stmt.Schema.ParseCheckConstraints()))
	for _, names := range [][]string{keys, checks} {
		if !slices.Contains(names, name) {
			continue
		}
		slices.Sort(names)
		for _, missing := range names {
			if !m.Migrator.HasConstraint(value, missing) {
				_ = m.db.AddError(m.CreateConstraint(value, missing))
			}
		}
	}
	return m.Migrator.HasConstraint(value, name)
}
