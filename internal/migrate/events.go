package migrate

import (
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
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
		_, err := m.migrations.Session(session).Query().Text(text).Exec()
		return err
	}
	context, create := m.migrations.Dialect.LogContext()
	if context != "" && !m.hasTable(context) {
		if r != nil {
			r.begin(context, nil)
		}
		if err := exec(create); err != nil {
			return err
		}
	}
	found, err := m.migrations.Dialect.FindLogObjects(m.reader(), l)
	if err != nil {
		return err
	}
	if r != nil {
		r.made[l.Events] = true
		r.parts = append(r.parts, ddlPart{table: l.Events, needs: []string{context, l.Events, l.Table}})
	}
	for _, object := range m.migrations.Dialect.LogObjects(l) {
		if found[object.Name] == object.Text {
			continue
		}
		for _, text := range object.Create {
			if err := exec(text); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepLog makes the log's triggers again after a change of a table, for which GORM may have made it anew.
func (m *migrator) keepLog(value any) error {
	p, err := m.policy(value)
	if err != nil || p == nil || p.Log == nil {
		return err
	}
	return m.migrateLog(p.Log)
}
