package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// CheckEngines refuses tables of models that the database keeps without transactions or locks of rows. Where it does not answer, or has
// no such table yet, nothing is refused.
func (r *Registry) CheckEngines(db *gorm.DB, models []*Policy) error {
	var tables []string
	for _, p := range models {
		tables = append(tables, p.Table)
		for _, t := range p.Elsewhere() {
			tables = append(tables, t.Table())
		}
	}
	unfit, err := r.Dialect.Unfit(db.Session(&gorm.Session{NewDB: true, Logger: logger.Discard}), tables)
	if err != nil {
		return nil
	}
	var all []error
	for _, table := range slices.Sorted(maps.Keys(unfit)) {
		all = append(all, fmt.Errorf("%w: the table %s is kept by the engine %s, which undoes nothing and locks no rows; ALTER TABLE %s ENGINE=InnoDB",
			fault.ErrUnsupported, table, unfit[table], table))
	}
	return errors.Join(all...)
}

// WarnOfWriters tells the logger where the server shares its rows with others that write, which no refusal could know to be in use.
func (r *Registry) WarnOfWriters(db *gorm.DB) {
	warning, err := r.Dialect.Writers(db.Session(&gorm.Session{NewDB: true, Logger: logger.Discard}))
	if err == nil && warning != "" {
		db.Logger.Warn(db.Statement.Context, "softdelete: %s", warning)
	}
}
