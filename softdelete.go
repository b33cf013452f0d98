package softdelete

import (
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"gorm.io/gorm"
)

// Delete deletes value as db.Delete does and reports what it did. value is a pointer to a model or a slice of models;
// conditions on db are obeyed. Errors are those of db.Delete, among them ErrBlocked, ErrNeverDelete and ErrTooManyRows;
// then nothing has changed, in the database or in value.
func Delete(db *gorm.DB, value any) (deletion.Report, error) {
	var report deletion.Report
	if err := deletion.CheckCall(db, value, "Delete"); err != nil {
		return report, err
	}
	err := db.Clauses(deletion.Into(&report)).Delete(value).Error
	return report, err
}

// Preview tells what Delete would do with value, and writes nothing. What would refuse is no error: Report.Blockers
// lists it. For what an Unscoped delete would do, pass db.Unscoped().
func Preview(db *gorm.DB, value any) (deletion.Report, error) {
	var report deletion.Report
	if err := deletion.CheckCall(db, value, "Preview"); err != nil {
		return report, err
	}
	session := &gorm.Session{DryRun: true, SkipHooks: true, SkipDefaultTransaction: true}
	// A session of what a hook gets would take over the conditions of the hook's own statement; a clause makes it a new one.
	tx := db.Clauses().Session(session).Clauses(deletion.Into(&report))
	tx.Statement.Settings.Store(deletion.PreviewKey{}, true)
	err := tx.Delete(value).Error
	return report, err
}
