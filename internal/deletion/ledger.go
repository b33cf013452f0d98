package deletion

import (
	"fmt"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
)

// Deletion is a row of the ledger, table softdelete_deletions, as the root's Deletion is.
type Deletion struct {
	ID         mark.DeletionID `gorm:"primaryKey;size:64"`
	Table      string          // of the root rows
	Key        string          // the root row's primary key, a composite one joined by ","; empty where there were several root rows
	Rows       int64           // all rows taken
	Actor      string
	Reason     string
	DeletedAt  time.Time
	RestoredAt *time.Time
}

// TableName implements schema.Tabler.
func (Deletion) TableName() string { return "softdelete_deletions" }

// writeLedger adds the deletion to the ledger.
func (d *deletion) writeLedger(tx statement.Session) error {
	if !d.deleter.Ledger || d.root.Plain() {
		return nil
	}
	row := Deletion{
		ID: d.ID(), Table: d.target.Name, Rows: d.rows, Actor: d.actor, Reason: d.reason, DeletedAt: d.at,
	}
	if len(d.keys) == 1 {
		row.Key = rowkey.KeyText(d.keys[0])
	}
	session := tx.InWork(tx.Statement.Context).Session(&gorm.Session{NewDB: true, SkipHooks: true})
	return LedgerError(session.Create(&row).Error)
}

func LedgerError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the ledger cannot be written; create its table with db.AutoMigrate(softdelete.Tables()...): %w", err)
}
