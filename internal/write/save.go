package write

import (
	"reflect"
	"runtime"
	"strings"

	"gorm.io/gorm"
)

// This room is for Save, whose first half is an update.

// saves tells whether an update statement may be the first half of Save: all fields of a model by its own key. If it affects
// no row, Save goes on to insert; associations are not written in between under a row that is deleted.
func saves(stmt *gorm.Statement) bool {
	return len(stmt.Selects) == 1 && stmt.Selects[0] == "*" && stmt.ReflectValue.Kind() == reflect.Struct && ofItself(stmt)
}

// ofItself tells whether a statement writes the value that it is about. Values that are no pointers may not be compared.
func ofItself(stmt *gorm.Statement) bool {
	dest, model := reflect.ValueOf(stmt.Dest), reflect.ValueOf(stmt.Model)
	if dest.Kind() == reflect.Pointer && model.Kind() == reflect.Pointer {
		return dest.Pointer() == model.Pointer() && dest.Type() == model.Type()
	}
	return dest.IsValid() && model.IsValid() && dest.Type() == model.Type() && reflect.DeepEqual(stmt.Dest, stmt.Model)
}

// CheckSave runs after the update: a Save that affected no row met a deleted one, or none.
func (g *Guards) CheckSave(db *gorm.DB) {
	stmt := db.Statement
	if db.Error != nil || db.DryRun || db.RowsAffected != 0 || stmt.Schema == nil || stmt.Unscoped || !saves(stmt) {
		return
	}
	p := g.PolicyHere(db)
	if p == nil || !p.KeepsDeleted() {
		return
	}
	key := byKey(p, nil)
	key.keys = keysOf(stmt, key.UniqueIndex)
	deleted, err := g.deletedAmong(db, p, key, true)
	switch {
	case err != nil:
		_ = db.AddError(err)
	case len(deleted) == 0:
	case calledBySave():
		_ = db.AddError(rowDeletedError(p, deleted[0]))
	default: // Select("*").Updates(…) is an update as any other
		omitAssociations(stmt)
	}
}

// calledBySave tells whether the update that runs was made by Save. Nothing in the statement tells it from one by
// Select("*").Updates(…) (finisher_api.go:108, GORM 1.31), so that the call itself is looked at, where no row was affected.
func calledBySave() bool {
	const method = "gorm.io/gorm.(*DB)."
	var counters [64]uintptr
	for skip := 1; ; skip += len(counters) {
		n := runtime.Callers(skip, counters[:])
		if n == 0 {
			return false
		}
		for frames := runtime.CallersFrames(counters[:n]); ; {
			frame, more := frames.Next()
			switch name, of := strings.CutPrefix(frame.Function, method); {
			case of && name == "Save":
				return true
			case of && strings.HasPrefix(name, "Update"):
				return false
			}
			if !more {
				break
			}
		}
	}
}
