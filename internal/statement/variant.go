package statement

import (
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Variant is the dialect for the server that answers, where GORM has one name for several kinds of them. It is asked once, when the plugin
// is put into use; where nobody answers, the one of the name is taken, and Server refuses another server later.
func Variant(db *gorm.DB, d *dialect.Dialect) *dialect.Dialect {
	if !d.Varies() {
		return d
	}
	return answering(db, d).WithTimes(db.Dialector.DataTypeOf(&schema.Field{DataType: schema.Time}))
}

func answering(db *gorm.DB, d *dialect.Dialect) *dialect.Dialect {
	if db.DryRun || db.ConnPool == nil {
		return d
	}
	var text string
	if row := Unprepared(db.ConnPool).QueryRowContext(db.Statement.Context, d.AsksServer()); row == nil || row.Scan(&text) != nil {
		return d
	}
	return d.Variant(text)
}
