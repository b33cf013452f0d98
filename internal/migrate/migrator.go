// Package migrate stands in front of GORM's migrator: it builds unique indexes over live rows, archives and event logs, says what is
// in the way, and lists the statements of a migration instead of executing them.
package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	gormmigrator "gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// migrator makes AutoMigrate build the indexes that the policies ask for, and rebuild those that an earlier migration made
// over all rows. GORM's own migrator comes back through it for every step.
type migrator struct {
	gorm.Migrator
	db         *gorm.DB
	migrations *Migrations
}

// BuildIndexOptions implements migrator.BuildIndexOptionsInterface, which GORM asks for by type assertion
// (migrator/migrator.go:841, GORM 1.31).
func (m *migrator) BuildIndexOptions(options []schema.IndexOption, stmt *gorm.Statement) []any {
	if builder, ok := m.Migrator.(gormmigrator.BuildIndexOptionsInterface); ok {
		return builder.BuildIndexOptions(options, stmt)
	}
	return nil
}

// AutoMigrate implements gorm.Migrator. Wrong tags and live duplicates stop it before anything is changed.
func (m *migrator) AutoMigrate(values ...any) error {
	if err := m.migrations.Server.Check(m.db); err != nil {
		return err
	}
	if err := statement.RefuseSharding(m.db); err != nil {
		return err
	}
	if err := m.compile(values); err != nil {
		return err
	}
	if err := m.refuseFormerMarks(values); err != nil {
		return err
	}
	if err := m.refuseUnbuildable(values); err != nil {
		return err
	}
	err := m.migrate(values)
	m.migrations.Folding.Forget()
	m.migrations.Keyed.Forget()
	_, inTransaction := m.db.Statement.ConnPool.(gorm.TxCommitter)
	holds := slices.ContainsFunc(values, func(value any) bool { _, ok := value.(*hold.Row); return ok })
	if err == nil && holds && !inTransaction && recorderOf(m.db) == nil && !m.db.DryRun {
		m.migrations.Holds.Made()
	}
	return err
}

// migrate migrates in a way in which others do not come in between.
func (m *migrator) migrate(values []any) error {
	if recorderOf(m.db) != nil || m.db.DryRun {
		return m.checkAndMigrate(values)
	}
	if m.migrations.Dialect.Has(dialect.AlterInPlace) {
		return m.alone(func(tx *gorm.DB) error {
			return m.patiently(tx, func() error { return m.on(tx).checkAndMigrate(values) })
		})
	}
	return m.atomically(func(tx *gorm.DB) error { return m.on(tx).autoMigrate(values) })
}

// narrowsIndexes tells whether the database has unique indexes over live rows, in one way or another.
func (m *migrator) narrowsIndexes() bool {
	return m.migrations.Dialect.Has(dialect.PartialIndexes) || m.migrations.Dialect.Has(dialect.GeneratedLive)
}

// together runs several changes as one where the database undoes them with their transaction; elsewhere each is right without the next.
func (m *migrator) together(run func(tx *gorm.DB) error) error {
	if !m.migrations.Dialect.Has(dialect.AlterInTransaction) {
		return run(m.db.Session(&gorm.Session{}))
	}
	return statement.WorkOn(m.db, run)
}

// on is the same migrator on another session.
func (m *migrator) on(tx *gorm.DB) *migrator {
	return &migrator{Migrator: innerMigrator(tx), db: tx, migrations: m.migrations}
}

// checkAndMigrate looks for live duplicates in all tables before the first one is changed.
func (m *migrator) checkAndMigrate(values []any) error {
	if m.migrations.Dialect.Has(dialect.GeneratedLive) {
		m = m.on(m.db.Session(&gorm.Session{Context: context.WithValue(m.db.Statement.Context, migratingKey{}, true)}))
	}
	if err := m.refuseDuplicatesIn(values); err != nil {
		return err
	}
	return m.autoMigrate(values)
}

// autoMigrate migrates the tables, their archives and their event logs.
func (m *migrator) autoMigrate(values []any) error {
	// Where all is one transaction, what is in the way goes first: GORM may not read a table's definition with it.
	inPlace := m.migrations.Dialect.Has(dialect.AlterInPlace)
	if !inPlace {
		if err := m.dropFormer(values); err != nil {
			return err
		}
	}
	if err := m.Migrator.AutoMigrate(values...); err != nil {
		return err
	}
	if inPlace {
		if err := m.dropFormer(values); err != nil {
			return err
		}
	}
	if err := m.migrateArchives(values); err != nil {
		return err
	}
	if err := m.migrateLogs(values); err != nil {
		return err
	}
	return m.makeLocks(values)
}

// compile compiles the policies of all values at once, so that each knows of the foreign keys of the others.
func (m *migrator) compile(values []any) error {
	var schemas []*schema.Schema
	for _, value := range values {
		if _, isName := value.(string); isName {
			continue
		}
		stmt, err := m.statement(value)
		if err != nil {
			return err
		}
		schemas = append(schemas, stmt.Schema)
	}
	m.migrations.CompileTogether(m.db, schemas)
	for _, value := range values {
		if _, err := m.policy(value); err != nil {
			return err
		}
	}
	return nil
}

// CreateTable implements gorm.Migrator.
func (m *migrator) CreateTable(values ...any) error {
	if err := m.compile(values); err != nil {
		return err
	}
	if err := m.refuseUnbuildable(values); err != nil {
		return err
	}
	if err := m.Migrator.CreateTable(values...); err != nil {
		return err
	}
	for _, value := range values {
		p, err := m.policy(value)
		if err == nil && p != nil {
			err = m.narrowNew(value, p)
		}
		if err == nil && p != nil {
			err = m.migrateArchive(value, p)
		}
		if err != nil {
			return err
		}
	}
	if err := m.migrateLogs(values); err != nil {
		return err
	}
	if migrating, _ := m.db.Statement.Context.Value(migratingKey{}).(bool); migrating {
		return nil // it is made once
	}
	return m.makeLocks(values)
}

// policy gives the policy of a value to migrate, nil where it is a table's name. It narrows the schema's indexes, that of a
// table given by db.Table too.
func (m *migrator) policy(value any) (*policy.Policy, error) {
	if _, isName := value.(string); isName {
		return nil, nil
	}
	stmt, err := m.statement(value)
	if err != nil {
		return nil, err
	}
	p := m.migrations.Policy(m.db, stmt.Schema)
	p, _, _ = m.migrations.Here(stmt, p) // GORM leaves the schema out of the name of a table that db.Table gives
	return p, p.Err
}

// statement parses a value as GORM's migrator does (migrator/migrator.go:58, GORM 1.31).
func (m *migrator) statement(value any) (*gorm.Statement, error) {
	stmt := &gorm.Statement{DB: m.db}
	if m.db.Statement != nil {
		stmt.Table = m.db.Statement.Table
		stmt.TableExpr = m.db.Statement.TableExpr
	}
	return stmt, stmt.ParseWithSpecialTableName(value, stmt.Table)
}

// index gives the declared index of a name, with the table that it belongs on; ok is false for a name that the model's
// policy says nothing about.
func (m *migrator) index(value any, name string) (stmt *gorm.Statement, index *schema.Index, ok bool, err error) {
	p, err := m.policy(value)
	if p == nil || err != nil {
		return nil, nil, false, err
	}
	if p.Column() == nil || !m.narrowsIndexes() {
		return nil, nil, false, nil
	}
	if stmt, err = m.statement(value); err != nil {
		return nil, nil, false, err
	}
	index = stmt.Schema.LookIndex(name)
	if index != nil && index.Class != "UNIQUE" && !m.migrations.Dialect.Has(dialect.PartialIndexes) {
		return nil, nil, false, nil // it is over all rows
	}
	return stmt, index, index != nil, nil
}

// HasTable implements gorm.Migrator. AutoMigrate begins with it for each table.
func (m *migrator) HasTable(value any) bool {
	if r := recorderOf(m.db); r != nil {
		if stmt, err := m.statement(value); err == nil {
			r.begin(stmt.Table, stmt.Schema)
		}
	}
	return m.Migrator.HasTable(value)
}

// HasIndex implements gorm.Migrator: it tells whether the table has the index as the model declares it. One over other rows
// counts as missing; CreateIndex then replaces it.
func (m *migrator) HasIndex(value any, name string) bool {
	stmt, index, ok, err := m.index(value, name)
	if err != nil {
		_ = m.db.AddError(err)
		return false
	}
	if !ok {
		return m.hasOtherIndex(value, name)
	}
	if made, _ := recorderOf(m.db).index(stmt.Table, index.Name); made {
		return true
	}
	found, err := m.migrations.Dialect.FindIndex(m.reader(), tableOf(stmt), index.Name)
	if err != nil {
		_ = m.db.AddError(err)
		return false
	}
	p, _ := m.policy(value)
	if found != nil && m.livesAnew(stmt, p, index, found) {
		return true
	}
	if found != nil && (declares(p, index, found) || m.staysNarrow(p, index, found)) {
		return true
	}
	whole, err := m.staysWhole(stmt, p, index)
	if err != nil {
		_ = m.db.AddError(err)
	}
	return whole
}

// declares tells whether an index of the database is the declared one. How the database tells a condition of the plugin's is
// known. One that came with the tag may be told in a very different form: then any condition is taken for it but the
// plugin's, as GORM does.
func declares(p *policy.Policy, index *schema.Index, found *dialect.Index) bool {
	live, deleted := p.Predicates.Live.Of(""), p.Predicates.Deleted.Of("")
	switch {
	case found.Unique != (index.Class == "UNIQUE") || found.Broken:
		return false
	case found.Unique && index.Where == live && !sameColumns(index, found):
		return false
	case index.Where == "" || index.Where == live || index.Where == deleted:
		return found.Covers(index.Where)
	}
	return found.Covers(index.Where) || found.Where != "" && !found.Covers(live)
}

// sameColumns tells whether a unique index of the database is over the columns of the declared one. An earlier version narrowed some
// with the deletion column in them.
func sameColumns(index *schema.Index, found *dialect.Index) bool {
	if slices.ContainsFunc(index.Fields, func(option schema.IndexOption) bool { return option.Expression != "" }) {
		return true
	}
	return slices.EqualFunc(index.Fields, found.Columns(), func(option schema.IndexOption, column string) bool {
		return column == "" || strings.EqualFold(option.Field.DBName, column) // "" for what the database has as an expression
	})
}

// staysNarrow tells whether an index is one of those that Config.KeepUnique leaves over the live rows, since it was narrowed before.
func (m *migrator) staysNarrow(p *policy.Policy, index *schema.Index, found *dialect.Index) bool {
	return m.migrations.KeepUnique && index.Class == "UNIQUE" && found.Unique && index.Where == "" && found.Covers(p.Predicates.Live.Of(""))
}

// reader is a session that reads even while a migration is only rehearsed, and then reads what the rehearsal has made.
func (m *migrator) reader() *gorm.DB {
	tx := statement.InWork(m.db, context.WithoutCancel(m.db.Statement.Context))
	tx.Config.DryRun = false
	session := tx.Session(&gorm.Session{NewDB: true, Initialized: true})
	statement.ToWriter(session, "")
	session.Statement.ConnPool = statement.Pinned{ConnPool: session.Statement.ConnPool}
	return session.Session(&gorm.Session{NewDB: true})
}

// data is a session that reads the database's rows, even while a migration is only rehearsed. It keeps the table of db.Table.
func (m *migrator) data() *gorm.DB {
	tx := m.db.Session(&gorm.Session{Context: context.WithoutCancel(m.db.Statement.Context)})
	tx.Config.DryRun = false
	if r := recorderOf(m.db); r != nil {
		tx.Statement.ConnPool = r.data
	}
	return tx
}

// tableOf is the table of a statement that migrates.
func tableOf(stmt *gorm.Statement) dialect.Table {
	table := dialect.Table{Name: stmt.Table, Quoted: statement.QuoteName(stmt.DB, stmt.Table)}
	if stmt.TableExpr != nil {
		table.Quoted = stmt.TableExpr.SQL
	}
	return table
}

// CreateIndex implements gorm.Migrator. It refuses a name that another table's index has, and live duplicates, before it
// changes anything; an index over other rows is replaced so that uniqueness holds throughout.
func (m *migrator) CreateIndex(value any, name string) error {
	stmt, index, ok, err := m.index(value, name)
	if err != nil || !ok {
		if err == nil {
			err = m.notesIndex(value, name, true, m.Migrator.CreateIndex(value, name))
		}
		return err
	}
	owner, err := m.migrations.Dialect.IndexOwner(m.reader(), tableOf(stmt), index.Name)
	if err != nil {
		return err
	}
	if owner == "" && m.migrations.Dialect.SharesIndexNames() {
		owner = recorderOf(m.db).owner(stmt.Table, index.Name)
	}
	if owner != "" {
		return fmt.Errorf("softdelete: index %s of %s: its name is taken, by table %s; name one of them otherwise",
			index.Name, stmt.Table, owner)
	}
	if err := m.refuseDuplicates(value, stmt, index); err != nil {
		return err
	}
	recorderOf(m.db).notes(stmt.Table, index.Name, true)
	found, err := m.migrations.Dialect.FindIndex(m.reader(), tableOf(stmt), index.Name)
	switch {
	case err != nil:
		return err
	case m.migrations.Dialect.Has(dialect.GeneratedLive):
		return m.exchange(value, stmt, index, found != nil)
	case concurrently(index) && recorderOf(m.db) == nil:
		return m.buildConcurrently(value, stmt, index, found)
	case found == nil:
		return m.Migrator.CreateIndex(value, name)
	}
	return m.replace(value, index.Name)
}

// innerMigrator is the database's own migrator on a session.
func innerMigrator(db *gorm.DB) gorm.Migrator {
	if wrapped, ok := db.Dialector.(interface{ Unwrap() gorm.Dialector }); ok {
		return wrapped.Unwrap().Migrator(db)
	}
	return db.Migrator()
}
