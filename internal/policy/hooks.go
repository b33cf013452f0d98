package policy

import (
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// The hooks of a restore, beside GORM's own. They run with the loaded row; an error stops the restore and undoes it.
type (
	BeforeRestore interface{ BeforeRestore(tx *gorm.DB) error }
	AfterRestore  interface{ AfterRestore(tx *gorm.DB) error }
)

// restoreHooks tells which restore hooks a model has.
type restoreHooks struct{ Before, After bool }

func FindRestoreHooks(s *schema.Schema) restoreHooks {
	value := reflect.New(s.ModelType).Interface()
	_, before := value.(BeforeRestore)
	_, after := value.(AfterRestore)
	return restoreHooks{Before: before, After: after}
}
