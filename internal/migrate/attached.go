package migrate

import (
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// keepAttached notes what belongs to a table that is about to be made anew: its triggers and indexes, whoever made them, views
// that read it, and the largest key that it has given. What it returns puts back what has gone with the old table, and refuses
// what cannot be put back. dropped is a column that goes: an index on it may go too.
func (m *migrator) keepAttached(session *gorm.DB, table, dropped string) (keep func(error) error, err error) {
	d := m.migrations.Dialect
	before, err := d.Attached(session, table)
	if err != nil {
		return nil, err
	}
	counter, err := d.Counter(statement.InWork(m.data(), session.Statement.Context), table) // a rehearsal has no rows
	if err != nil {
		return nil, err
	}
	if err := session.Exec(d.Lenient(true)).Error; err != nil {
		return nil, err
	}
	return func(changed error) error {
		err := errors.Join(changed, session.Exec(d.Lenient(false)).Error)
		if err != nil {
			return err
		}
		if counter != nil {
			if err := d.SetCounter(session, table, *counter); err != nil {
				return err
			}
		}
		if err := putBack(session, d, table, before, dropped); err != nil {
			return err
		}
		after, err := d.Attached(session, table)
		if err != nil {
			return err
		}
		for _, a := range before {
			if !hasAttached(after, a) && !(a.Type == "index" && dropped != "") {
				return fmt.Errorf("softdelete: table %s must be made anew, and its %s %s would not work with the new one; nothing was changed: "+
					"drop it, or change it, before you migrate", table, a.Type, a.Name)
			}
		}
		return nil
	}, nil
}

// putBack makes what is missing again.
func putBack(session *gorm.DB, d *dialect.Dialect, table string, before []dialect.Attached, dropped string) error {
	after, err := d.Attached(session, table)
	if err != nil {
		return err
	}
	for _, a := range before {
		if a.Type == "view" || hasAttached(after, a) {
			continue
		}
		if err := session.Exec(a.SQL).Error; err != nil && !(a.Type == "index" && dropped != "") {
			return fmt.Errorf("softdelete: put back %s %s of table %s, which was made anew: %w", a.Type, a.Name, table, err)
		}
	}
	return nil
}

func hasAttached(list []dialect.Attached, a dialect.Attached) bool {
	return slices.ContainsFunc(list, func(other dialect.Attached) bool { return other.Type == a.Type && other.Name == a.Name })
}
