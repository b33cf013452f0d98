package softdelete

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/mark"
)

// Restore undoes the deletion of value: it brings the row back with exactly those rows under it that the same deletion
// took. value is a pointer to a model or a slice of models with their primary keys; conditions on db are obeyed, as in
// Restore(db.Where("email = ?", address), &User{}). A row under it that another deleted parent would have taken too stays
// deleted until that parent comes back. Restoring a live row does nothing.
//
// Errors: gorm.ErrMissingWhereClause without key and condition, ErrParentDeleted where a row would stand under a deleted
// parent, ErrRestoreConflict (a *ConflictError) where a live row has one of its unique values, ErrErased for a row that was erased,
// ErrTooManyRows, ErrUnsupported for what the session or the transaction's level does not allow, and what the hooks BeforeRestore and AfterRestore return. Then nothing has changed, in the database or in value. In a dry run it is
// PreviewRestore.
func Restore(db *gorm.DB, value any) (Report, error) {
	return restored(db, func(d *database) (deletion.Report, error) { return d.restorer.Restore(db, value) })
}

// PreviewRestore tells what Restore would do with value, and writes nothing. What would refuse is its error, as it would be
// Restore's.
func PreviewRestore(db *gorm.DB, value any) (Report, error) {
	return restored(db, func(d *database) (deletion.Report, error) { return d.restorer.Preview(db, value) })
}

// RestoreDeletion undoes a whole deletion: every row that it took and that nothing else keeps deleted. Rows under another
// deleted parent are passed on to that parent's deletion, and reported as skipped. The rows are looked for in Config.Models
// and the models used so far. An unknown ID gives gorm.ErrRecordNotFound; other errors are those of Restore.
func RestoreDeletion(db *gorm.DB, id DeletionID) (Report, error) {
	return restored(db, func(d *database) (deletion.Report, error) { return d.restorer.RestoreDeletion(db, mark.DeletionID(id)) })
}

func restored(db *gorm.DB, restore func(d *database) (deletion.Report, error)) (Report, error) {
	d, err := databaseOf(db)
	if err != nil {
		return Report{}, err
	}
	report, err := restore(d)
	return reportOf(report), d.outward(db, err)
}
