package softdelete

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// DataMapEntry is a column with personal data, or one that looks as if it had.
type DataMapEntry struct {
	// Table is the column's table.
	Table string `json:"table"`
	// Column is the column's name; "*" for all of a model tagged pii:"delete".
	Column string `json:"column"`
	// Strategy is the word of the pii tag, as "fixed", "truncate:year" or "subject:User"; empty for a column that looks personal and has no tag.
	Strategy string `json:"strategy"`
	// Basis is the legal basis of a column that is kept.
	Basis string `json:"basis"`
}

// DataMap lists the columns of Config.Models that have a pii tag, apart from those tagged "-", and those without one whose
// name and type look personal: what an erasure would leave behind. A model tagged pii:"delete" is listed with the column "*".
func DataMap(db *gorm.DB) ([]DataMapEntry, error) {
	d, err := databaseOfAll(db, "DataMap")
	if err != nil {
		return nil, err
	}
	list, err := d.eraser.DataMap(statement.Reading(db))
	return each(list, func(e erasure.DataMapEntry) DataMapEntry { return DataMapEntry(e) }), d.outward(db, err)
}
