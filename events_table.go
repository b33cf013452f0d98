package softdelete

import (
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// migrateLogs makes the event logs of the values' models, and of those that GORM migrates with them, and keeps them in step
// with the models' columns.
func (m *migrator) migrateLogs(values []any) error {
	seen := map[*policy]bool{}
	for _, value := range values {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil { // a table's name
			continue
		}
		canonical := func(s *schema.Schema) *schema.Schema { return s }
		for _, r := range reachable([]*schema.Schema{p.schema}, canonical) {
			related := m.engine.policy(m.db, r.schema)
			if seen[related] || related.err != nil || related.log == nil || related != p && !m.hasTable(related.schema.Table) {
				continue
			}
			seen[related] = true
			if err := m.migrateLog(related.log); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *migrator) hasTable(table string) bool {
	return m.engine.innerMigrator(m.reader()).HasTable(table)
}

// migrateLog makes one log: its table, and the triggers that write it. What is there already stays.
func (m *migrator) migrateLog(l *dialect.Log) error {
	r := recorderOf(m.db)
	if r != nil && r.rehearsal == nil && r.made[l.Events] {
		return nil
	}
	session := m.db.Session(&gorm.Session{NewDB: true})
	if err := session.Table(l.Events).AutoMigrate(&eventRow{}); err != nil {
		return err
	}
	exec := func(statement string) error {
		_, err := newQuery(session, m.engine.dialect).text(statement).exec()
		return err
	}
	context, create := m.engine.dialect.LogContext()
	if context != "" && !m.hasTable(context) {
		if r != nil {
			r.begin(context, nil)
		}
		if err := exec(create); err != nil {
			return err
		}
	}
	found, err := m.engine.dialect.FindLogObjects(m.reader(), l)
	if err != nil {
		return err
	}
	if r != nil {
		r.made[l.Events] = true
		r.parts = append(r.parts, ddlPart{table: l.Events, needs: []string{context, l.Events, l.Table}})
	}
	for _, object := range m.engine.dialect.LogObjects(l) {
		if found[object.Name] == object.Text {
			continue
		}
		for _, statement := range object.Create {
			if err := exec(statement); err != nil {
				return err
			}
		}
	}
	return nil
}

// keepLog makes the log's triggers again after a change of a table, for which GORM may have made it anew.
func (m *migrator) keepLog(value any) error {
	p, err := m.policy(value)
	if err != nil || p == nil || p.log == nil {
		return err
	}
	return m.migrateLog(p.log)
}
