package migrate

import (
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// migrateLogs makes the event logs of the values' models, and of those that GORM migrates with them, and keeps them in step
// with the models' columns.
func (m *migrator) migrateLogs(values []any) error {
	seen := map[*policy.Policy]bool{}
	for _, value := range values {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil { // a table's name
			continue
		}
		canonical := func(s *schema.Schema) *schema.Schema { return s }
		for _, r := range policy.Reachable([]*schema.Schema{p.Schema}, canonical) {
			related := m.migrations.Policy(m.db, r.Schema)
			if seen[related] || related.Err != nil || related.Log == nil || related != p && !m.hasTable(related.Table) {
				continue
			}
			seen[related] = true
			if err := m.migrateLog(related.Log); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *migrator) hasTable(table string) bool {
	return innerMigrator(m.reader()).HasTable(table)
}

// migrateLog makes one log: its table, and the triggers that write it. What is there already stays.
func (m *migrator) migrateLog(l *dialect.Log) error {
	r := recorderOf(m.db)
	if r != nil && r.rehearsal == nil && r.made[l.Events] {
		return nil
	}
	session := m.db.Session(&gorm.Session{NewDB: true})
	if err := statement.On(session, l.Events).AutoMigrate(&eventlog.EventRow{}); err != nil {
		return err
	}
	exec := func(text string) error {
		q := m.migrations.Session(session).Query().Text(text)
		q.Stmt.ConnPool = statement.Unprepared(q.Stmt.ConnPool) // MySQL prepares no trigger
		_, err := q.Exec()
		if remedy := m.migrations.Dialect.Remedy(text, err); remedy != "" {
			return fault.Lacks(err, "%s", remedy)
		}
		return err
	}
	context, create := m.migrations.Dialect.LogContext()
	if context != "" && !m.hasTable(context) && (r == nil || !r.made[context]) {
		if r != nil {
			r.begin(context, nil)
			r.made[context] = true
		}
		if err := exec(create); err != nil {
			return err
		}
	}
	d := m.migrations.Dialect
	found, err := d.FindLog(m.reader(), l)
	if err != nil {
		return err
	}
	if err := eventlog.RefuseBypassed(d, m.reader(), l); err != nil {
		return err
	}
	columns, err := d.Columns(m.reader(), dialect.Table{Name: l.Table, Quoted: statement.QuoteName(m.db, l.Table)})
	if err != nil {
		return err
	}
	l = d.Wide(l, found, columns)
	if r != nil {
		r.made[l.Events] = true
		r.parts = append(r.parts, ddlPart{table: l.Events, needs: []string{context, l.Events, l.Table}})
	}
	made, gained := false, []dialect.LoggedColumn(nil)
	for _, object := range d.LogObjects(l) {
		former, there := found.Texts[object.Name]
		if former == object.Text && len(found.Late) == 0 {
			continue
		}
		if made = true; there && !object.Helps && len(gained) == 0 {
			gained = l.Gained(former)
		}
		for _, text := range object.Create {
			if err := exec(text); err != nil {
				return err
			}
		}
	}
	if !made {
		return nil
	}
	return m.beginLog(l, gained, exec)
}

// beginLog writes what the rows are that are older than their log, or than one of its columns.
func (m *migrator) beginLog(l *dialect.Log, gained []dialect.LoggedColumn, exec func(text string) error) error {
	if !innerMigrator(m.data()).HasTable(l.Table) {
		return nil
	}
	empty := true
	q := m.migrations.Session(statement.InWork(m.data(), m.db.Statement.Context)).Query().Text("SELECT 1 FROM ").Name(l.Table).Text(" LIMIT 1")
	if err := q.Rows(func(func(...any) error) error { empty = false; return nil }); err != nil || empty {
		return err
	}
	var statements []string
	if len(gained) > 0 {
		statements = m.migrations.Dialect.LogGained(l, gained, m.db.NowFunc())
	}
	for _, text := range append(statements, m.migrations.Dialect.Baseline(l, m.db.NowFunc())...) {
		if err := exec(text); err != nil {
			return err
		}
	}
	return nil
}

// keepLogAfter does what keepLog does after a column has gone, or has got another name: triggers may be about it, and would fail
// until the next migration.
func (m *migrator) keepLogAfter(value any, err error) error {
	if err != nil || m.db.DryRun || recorderOf(m.db) != nil {
		return err
	}
	return m.keepLog(value)
}

// keepLog makes the log's triggers again after a change of a table, for which GORM may have made it anew. Where the table lacks a column
// yet, or the log is not there, the migration that is under way does so at its end.
func (m *migrator) keepLog(value any) error {
	p, err := m.policy(value)
	if err != nil || p == nil || p.Log == nil || !m.hasTable(p.Log.Events) {
		return err
	}
	there, err := archive.TableColumns(m.migrations.Session(m.reader()), p.Log.Table)
	if err != nil {
		return err
	}
	for _, field := range p.LoggedFields() {
		if m.migrations.Dialect.FindColumn(there, field.DBName) == nil {
			return nil
		}
	}
	return m.migrateLog(p.Log)
}
