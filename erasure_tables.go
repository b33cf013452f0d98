package softdelete

import (
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// This room lists the tables of erasures.

// erasureTables are the plugin's own tables for erasures.
func erasureTables() []any {
	return []any{&certificateRow{}, &certificateHead{}, &erasedRow{}, &outboxRow{}, &erasureProgress{}}
}

// needErasureTables refuses an erasure where the tables are missing.
func (e *engine) needErasureTables(tx *gorm.DB) error {
	known, err := e.erasuresKnown(tx)
	if err == nil && !known {
		err = fmt.Errorf("%w: an erasure needs its tables; create them with db.AutoMigrate(softdelete.Tables()...)", ErrUnsupported)
	}
	return err
}

// onWriter is a session outside of a transaction whose reads do not go to a replica: what an erasure has written must show.
func onWriter(db *gorm.DB) *gorm.DB {
	session := inWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	if committer, ok := session.Statement.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		return session.Session(&gorm.Session{NewDB: true})
	}
	toWriter(session, "")
	session.Statement.ConnPool = pinned{session.Statement.ConnPool}
	return session.Session(&gorm.Session{NewDB: true})
}

func tablesError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the tables of erasures cannot be read; create them with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

func joinErrors(err error, more []error) error { return errors.Join(err, errors.Join(more...)) }

// clearDeletions clears the free texts of the ledger of deletions for the rows of this erasure.
func (x *erasure) clearDeletions(tx *gorm.DB) error {
	table := Deletion{}.TableName()
	if !x.engine.plugin.config.Ledger && !inWork(tx, tx.Statement.Context).Migrator().HasTable(table) {
		return nil
	}
	for _, m := range x.rows {
		err := chunks(m.rows, func(chunk []reachedRow) error {
			q := newQuery(tx, x.engine.dialect).text("UPDATE ").name(table).text(" SET ").name("actor").text(" = '', ").name("reason").text(" = ''")
			q.text(" WHERE ").name("table").text(" = ").bind(m.policy.schema.Table).text(" AND ").name("key").text(" IN (")
			joined(q, chunk, ", ", func(row reachedRow) { q.bind(keyText(m.primary(row))) })
			q.text(")")
			if id := m.policy.id; id != nil && m.archived == m.policy.archives() { // a deletion of several root rows names no key
				table := m.table()
				q.text(" OR ").name("id").text(" IN (SELECT ").column(table, id.DBName).text(" FROM ").name(table).text(" WHERE ")
				q.keysIn(m.place, table, chunk).text(")")
			}
			_, err := q.exec()
			return ledgerError(err)
		})
		if err != nil {
			return err
		}
	}
	return x.clearColdDeletions(tx)
}
