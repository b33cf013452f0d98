package migrate

import (
	"reflect"
	"strings"

	"gorm.io/gorm"
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

// Wrap puts the wrapper around the database's dialector. Schema loaders of ariga.io assert the type of their own
// migrator, and stay as they are; wrapped is false for them.
func (m *Migrations) Wrap(db *gorm.DB) (wrapped bool) {
	inner := db.Dialector
	if inner == nil || strings.HasPrefix(reflect.Indirect(reflect.ValueOf(inner)).Type().PkgPath(), "ariga.io/") {
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
