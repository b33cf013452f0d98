package softdelete

import (
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Deletion is a row of the ledger, table softdelete_deletions: one per deletion that took rows, kept after a restore.
// It holds keys, counts and what the context says, no other data of the rows.
type Deletion struct {
	ID         DeletionID `gorm:"primaryKey;size:64"`
	Table      string     // of the root rows
	Key        string     // the root row's primary key, a composite one joined by ","; empty where there were several root rows
	Rows       int64      // all rows taken
	Actor      string
	Reason     string
	DeletedAt  time.Time
	RestoredAt *time.Time
}

// TableName implements schema.Tabler.
func (Deletion) TableName() string { return "softdelete_deletions" }

// Tables lists the plugin's own tables, for db.AutoMigrate(softdelete.Tables()...).
func Tables() []any {
	return append([]any{&Deletion{}, &holdRow{}, &leaseRow{}}, erasureTables()...)
}

// writeLedger adds the deletion to the ledger.
func (d *deletion) writeLedger(tx *gorm.DB) error {
	if !d.engine.plugin.config.Ledger || d.root.plain() {
		return nil
	}
	row := Deletion{
		ID: d.ID(), Table: d.target.name, Rows: d.rows, Actor: d.actor, Reason: d.reason, DeletedAt: d.at,
	}
	if len(d.keys) == 1 {
		row.Key = keyText(d.keys[0])
	}
	session := inWork(tx, tx.Statement.Context).Session(&gorm.Session{NewDB: true, SkipHooks: true})
	return ledgerError(session.Create(&row).Error)
}

func ledgerError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the ledger cannot be written; create its table with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

// markLedger notes in the ledger when the deletions whose root rows come back were restored. It runs before the rows lose
// their marks.
func (r *restoration) markLedger(tx *gorm.DB) error {
	if !r.engine.plugin.config.Ledger {
		return nil
	}
	root := r.graph.nodeOf(r.root)
	q := newQuery(tx, r.engine.dialect)
	r.with(q)
	q.text("UPDATE ").name(Deletion{}.TableName()).text(" SET ").name("restored_at").text(" = ").bind(tx.NowFunc().UTC())
	q.text(" WHERE ").name("restored_at").text(" IS NULL AND ")
	if r.deletion != "" {
		_, err := q.name("id").text(" = ").bind(r.deletion).exec()
		return ledgerError(err)
	}
	table := "t"
	q.name("table").text(" = ").bind(r.target.name).text(" AND ")
	switch {
	case r.root.id != nil:
		q.name("id").text(" IN (SELECT ").column(table, r.root.id.DBName)
	case r.root.at == nil: // without a mark only the key tells
		q.name("key").text(" IN (SELECT ")
		joined(q, r.root.schema.PrimaryFields, " || ',' || ", func(field *schema.Field) {
			q.text(q.dialect.Text(q.quoted(table, field.DBName)))
		})
	default:
		deletedAt := q.dialect.Nanoseconds(quoteName(tx, "deleted_at"), dialect.Native, 0)
		instant := q.instant(r.root, func(field *schema.Field) string { return q.quoted(table, field.DBName) })
		q.text(deletedAt, " IN (SELECT ", instant)
	}
	q.text(" FROM ")
	r.from(q, root)
	q.text(" AS t WHERE ")
	r.comingBack(q, root, table)
	_, err := q.text(")").exec()
	return ledgerError(err)
}
