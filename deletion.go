package softdelete

import (
	"database/sql/driver"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/mark"
)

// This room is for deleting with a report, and for what a deletion is called.

// DeletionID says which deletion took a row. Give a model a field of this type, and the plugin fills it when it deletes a
// row and clears it when it restores the row. The zero value means that no deletion did; it is NULL in the database.
//
// An ID is text of 45 characters: the instant of the deletion in nanoseconds since 1970 (19 digits), a hash of the root's
// table (8 hexadecimal digits) and a random part (16), joined by "-". IDs sort by time.
type DeletionID string

// Value implements driver.Valuer: the zero ID is NULL.
func (id DeletionID) Value() (driver.Value, error) { return mark.DeletionID(id).Value() }

// Scan implements sql.Scanner: NULL is the zero ID.
func (id *DeletionID) Scan(value any) error { return (*mark.DeletionID)(id).Scan(value) }

// GormDataType makes GORM create a text column of the ID's length.
func (id DeletionID) GormDataType() string { return mark.DeletionID(id).GormDataType() }

// Delete deletes value as db.Delete does and reports what it did. value is a pointer to a model or a slice of models;
// conditions on db are obeyed. Errors are those of db.Delete, among them ErrBlocked, ErrNeverDelete and ErrTooManyRows;
// then nothing has changed, in the database or in value. In a transaction of the caller's that is not READ COMMITTED a delete with
// a cascade is ErrUnsupported, where the database has such levels: it would not see rows that others have put under the parent.
func Delete(db *gorm.DB, value any) (Report, error) {
	var report Report
	if err := checkCall(db, value, "Delete"); err != nil {
		return report, err
	}
	err := db.Clauses(Into(&report)).Delete(value).Error
	return report, err
}

// Preview tells what Delete would do with value, and writes nothing. What would refuse is no error: Report.Blockers
// lists it. For what an Unscoped delete would do, pass db.Unscoped().
func Preview(db *gorm.DB, value any) (Report, error) {
	var report Report
	if err := checkCall(db, value, "Preview"); err != nil {
		return report, err
	}
	session := &gorm.Session{DryRun: true, SkipHooks: true, SkipDefaultTransaction: true}
	// A session of what a hook gets would take over the conditions of the hook's own statement; a clause makes it a new one.
	tx := db.Clauses().Session(session).Clauses(Into(&report))
	tx.Statement.Settings.Store(deletion.PreviewKey{}, true)
	err := tx.Delete(value).Error
	return report, err
}

func checkCall(db *gorm.DB, value any, function string) error {
	if _, err := databaseOf(db); err != nil {
		return err
	}
	return deletion.CheckCall(value, function)
}

// Deletion is a row of the ledger, table softdelete_deletions: one per deletion that took rows, kept after a restore.
// It holds keys, counts and what the context says, no other data of the rows.
type Deletion struct {
	// ID identifies the deletion, for RestoreDeletion.
	ID DeletionID `gorm:"column:id;primaryKey;size:64" json:"id"`
	// Table is that of the root rows.
	Table string `gorm:"column:table" json:"table"`
	// Key is the root row's primary key: a composite one is joined by ",", a "," in a part is "\,". It is empty where there were
	// several root rows.
	Key string `gorm:"column:key" json:"key"`
	// Rows is the number of all rows taken.
	Rows int64 `gorm:"column:rows" json:"rows"`
	// Actor is who deleted, from WithActor.
	Actor string `gorm:"column:actor" json:"actor"`
	// Reason is why, from WithReason.
	Reason string `gorm:"column:reason" json:"reason"`
	// DeletedAt is the instant that all rows of the deletion carry.
	DeletedAt time.Time `gorm:"column:deleted_at" json:"deleted_at"`
	// RestoredAt is when the deletion was undone; nil where it was not.
	RestoredAt *time.Time `gorm:"column:restored_at" json:"restored_at,omitempty"`
}

// TableName implements schema.Tabler.
func (Deletion) TableName() string { return deletion.Deletion{}.TableName() }
