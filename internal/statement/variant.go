package statement

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Variant is the dialect for the server that answers, where GORM has one name for several kinds of them. It is asked once, when the plugin
// is put into use; where nobody answers, the one of the name is taken, and Server refuses another server later.
func Variant(db *gorm.DB, d *dialect.Dialect) *dialect.Dialect {
	if !d.Varies() || db.DryRun || db.ConnPool == nil {
		return d
	}
	var text string
	if row := Unprepared(db.ConnPool).QueryRowContext(db.Statement.Context, d.AsksServer()); row == nil || row.Scan(&text) != nil {
		return d
	}
	return d.Variant(text)
}
