package migrate

import (
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// dialector stands in front of the database's own, so that AutoMigrate and its relatives go through migrator.
type dialector struct {
	gorm.Dialector
	migrations *Migrations
}

// Unwrap gives the database's own dialector, for code that needs its type.
func (d *dialector) Unwrap() gorm.Dialector { return d.Dialector }

// Migrator implements gorm.Dialector.
func (d *dialector) Migrator(db *gorm.DB) gorm.Migrator {
	return &migrator{Migrator: d.Dialector.Migrator(db), db: db, migrations: d.migrations}
}

// translating and savepointing add the optional interfaces of a dialector that has them: GORM asks by type assertion, and
// embedding hides them.
type (
	translating struct {
		*dialector
		gorm.ErrorTranslator
	}
	savepointing struct {
		*dialector
		gorm.SavePointerDialectorInterface
	}
	translatingSavepointing struct {
		*dialector
		gorm.ErrorTranslator
		gorm.SavePointerDialectorInterface
	}
)

// isLoader tells whether a dialector is that of a schema loader of ariga.io, which asserts the type of its own migrator.
func isLoader(inner gorm.Dialector) bool {
	return strings.HasPrefix(reflect.Indirect(reflect.ValueOf(inner)).Type().PkgPath(), "ariga.io/")
}

// RefuseLoader refuses a schema loader where only the plugin's own migrator makes indexes over the live rows.
func RefuseLoader(inner gorm.Dialector, d *dialect.Dialect) error {
	if inner == nil || !isLoader(inner) || !d.Has(dialect.GeneratedLive) {
		return nil
	}
	return fmt.Errorf("%w: a schema loader of ariga.io knows no indexes over the live rows of this database; take the statements from softdelete.DDL, "+
		"which needs a connection", fault.ErrUnsupported)
}

// Wrap puts the wrapper around the database's dialector. Schema loaders stay as they are; wrapped is false for them.
func (m *Migrations) Wrap(db *gorm.DB) (wrapped bool) {
	inner := db.Dialector
	if inner == nil || isLoader(inner) {
		return false
	}
	outer := &dialector{Dialector: inner, migrations: m}
	translator, translates := inner.(gorm.ErrorTranslator)
	savepointer, savepoints := inner.(gorm.SavePointerDialectorInterface)
	switch {
	case translates && savepoints:
		db.Config.Dialector = translatingSavepointing{outer, translator, savepointer}
	case translates:
		db.Config.Dialector = translating{outer, translator}
	case savepoints:
		db.Config.Dialector = savepointing{outer, savepointer}
	default:
		db.Config.Dialector = outer
	}
	return true
}
