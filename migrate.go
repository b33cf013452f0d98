package softdelete

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Tables lists the plugin's own tables, for db.AutoMigrate(softdelete.Tables()...).
func Tables() []any {
	return append([]any{&Deletion{}, &hold.Row{}, &purge.LeaseRow{}}, erasure.Tables()...)
}

// DDL lists the statements that db.AutoMigrate(models...) would execute on the database as it is, in order, and executes
// none of them: for goose, golang-migrate and others that keep migrations as SQL. On an empty database that is everything;
// on one that an earlier version made, the upgrade. Without models it takes Config.Models. The list is the same every time.
//
// Where the database makes a table anew to change it (SQLite), the list begins by switching foreign keys off and ends by
// switching them on again, if the connection has them on: execute it on a single connection, and not in a transaction that
// was begun before, where the switch has no effect.
func DDL(db *gorm.DB, models ...any) ([]string, error) {
	d, err := databaseOf(db)
	if err != nil {
		return nil, err
	}
	return outwards(d.migrations.DDL(statement.Reading(db), models...))
}
