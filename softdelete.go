package softdelete

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"
)

// previewKey marks a delete statement that must only look.
type previewKey struct{}

// Delete deletes value as db.Delete does and reports what it did. value is a pointer to a model or a slice of models;
// conditions on db are obeyed. Errors are those of db.Delete, among them ErrBlocked, ErrNeverDelete and ErrTooManyRows;
// then nothing has changed, in the database or in value.
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
	tx.Statement.Settings.Store(previewKey{}, true)
	err := tx.Delete(value).Error
	return report, err
}

// checkCall refuses what no statement can be made of.
func checkCall(db *gorm.DB, value any, function string) error {
	if _, err := engineOf(db); err != nil {
		return err
	}
	v := reflect.ValueOf(value)
	for v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a model or a slice of models, not nil", gorm.ErrInvalidValue, function)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		return nil
	case v.Kind() != reflect.Struct:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a model or a slice of models, not a %T", gorm.ErrInvalidValue, function, value)
	case reflect.TypeOf(value).Kind() != reflect.Pointer:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a %T, so that it can tell what became of the row",
			gorm.ErrInvalidValue, function, value)
	}
	return nil
}
