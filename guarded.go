package softdelete

import (
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room stands around GORM's own callbacks of writing statements, in which hooks of models run. A panic there ends what
// GORM or the plugin has begun, which GORM itself leaves open (callbacks.go:134, GORM 1.31), and goes on to the caller.

// guard replaces the callbacks by guarded ones. They keep their places.
func guard(db *gorm.DB) error {
	// GORM tells its logger of each, which says nothing to anybody here.
	former := db.Logger
	db.Logger = logger.Discard
	defer func() { db.Logger = former }()
	type processor interface {
		Get(name string) func(*gorm.DB)
		Replace(name string, callback func(*gorm.DB)) error
	}
	var problems []error
	for names, chain := range map[string]processor{
		"before_create save_before_associations create save_after_associations after_create":                     db.Callback().Create(),
		"setup_reflect_value before_update save_before_associations update save_after_associations after_update": db.Callback().Update(),
		"before_delete delete_before_associations delete after_delete":                                           db.Callback().Delete(),
	} {
		for name := range strings.FieldsSeq(names) {
			if callback := chain.Get("gorm:" + name); callback != nil {
				problems = append(problems, chain.Replace("gorm:"+name, statement.Guarded(callback)))
			}
		}
	}
	return errors.Join(problems...)
}
