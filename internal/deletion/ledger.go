package deletion

import (
	"fmt"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Deletion is a row of the ledger, table softdelete_deletions, as the root's Deletion is.
type Deletion struct {
	ID         mark.DeletionID `gorm:"column:id;primaryKey;size:64"`
	Table      string          `gorm:"column:table"` // of the root rows
	Key        string          `gorm:"column:key"`   // the root row's primary key, a composite one joined by ",", a "," in a part is "\,"; empty where there were several root rows
	Rows       int64           `gorm:"column:rows"`  // all rows taken
	Actor      string          `gorm:"column:actor"`
	Reason     string          `gorm:"column:reason"`
	DeletedAt  time.Time       `gorm:"column:deleted_at"`
	RestoredAt *time.Time      `gorm:"column:restored_at"`
}

// TableName implements schema.Tabler.
func (Deletion) TableName() string { return "softdelete_deletions" }

// LedgerTable is the table of the ledger.
var LedgerTable = statement.NewOwn[Deletion]()

// writeLedger adds the deletion to the ledger.
func (d *deletion) writeLedger(tx statement.Session) error {
	if !d.deleter.Ledger || d.root.Plain() {
		return nil
	}
	row := Deletion{
		ID: d.ID(), Table: d.root.Table, Rows: d.rows, Actor: d.actor, Reason: d.reason, DeletedAt: d.at,
	}
	if len(d.keys) == 1 {
		row.Key = rowkey.Of(tx.Dialect, d.root.Schema.PrimaryFields).Exact(d.keys[0])
	}
	return LedgerError(LedgerTable.Insert(tx, row))
}

// LedgerKeys are the texts that the ledger may have for the key of a row: the exact one, and what earlier versions wrote where that is
// no other row's exact text.
func LedgerKeys(key rowkey.Key, values []any) []string {
	exact, earlier := key.Exact(values), rowkey.KeyText(values)
	if _, others := key.Split(earlier); earlier == exact || others && len(values) > 1 {
		return []string{exact}
	}
	return []string{exact, earlier}
}

func LedgerError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the ledger cannot be written; create its table with db.AutoMigrate(softdelete.Tables()...): %w", err)
}
