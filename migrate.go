package softdelete

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/migrate"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Tables lists the plugin's own tables, for db.AutoMigrate(softdelete.Tables()...).
func Tables() []any {
	return append([]any{&Deletion{}, &hold.Row{}, &purge.LeaseRow{}}, erasure.Tables()...)
}

// DDL lists the statements that db.AutoMigrate(models...) would execute on the database as it is, in order, and executes
// none of them: for goose, golang-migrate and others that keep migrations as SQL. On an empty database that is everything;
// on one that an earlier version made, the upgrade. Without models it takes Config.Models and Tables. The list is the same every time.
//
// Where the database makes a table anew to change it (SQLite), the list begins by switching foreign keys off and ends by
// switching them on again, if the connection has them on: execute it on a single connection, and not in a transaction that
// was begun before, where the switch has no effect.
func DDL(db *gorm.DB, models ...any) ([]string, error) {
	d, err := databaseOf(db)
	if err != nil {
		return nil, err
	}
	return outwards(d.migrations.DDL(statement.Reading(db), d.migrated(models)...))
}

// ScriptFormat is the form in which DDLScript writes a script.
type ScriptFormat int

const (
	// ScriptPlain is for the shells psql and sqlite3: transactions around all that may be in one. Let the shell stop at the first
	// error: psql -v ON_ERROR_STOP=1, sqlite3 -bail. It is for mysql too where no model has an event log: that shell cuts triggers at
	// their semicolons.
	ScriptPlain = ScriptFormat(migrate.Plain)
	// ScriptGoose is a file of github.com/pressly/goose, with its annotations; it has no part for Down.
	ScriptGoose = ScriptFormat(migrate.Goose)
	// ScriptGolangMigrate is an .up.sql of github.com/golang-migrate/migrate. Its driver for MySQL needs multiStatements=true, that for SQLite needs x-no-tx-wrap=true where
	// the connection enforces foreign keys and a table is made anew; the script stops, and changes nothing, without it.
	ScriptGolangMigrate = ScriptFormat(migrate.GolangMigrate)
)

// DDLScript gives what DDL lists as one script, which the tool of the format runs as it is; an empty one where there is nothing to
// do. Where the database makes a table anew to change it (SQLite), the script stops without a change if foreign keys are enforced
// meanwhile, or if rows would then refer to none that did not before. ErrUnsupported is for what the format cannot say, and
// says what to do instead.
func DDLScript(db *gorm.DB, f ScriptFormat, models ...any) (string, error) {
	d, err := databaseOf(db)
	if err != nil {
		return "", err
	}
	return outwards(d.migrations.Script(statement.Reading(db), migrate.Format(f), d.migrated(models)...))
}

// migrated are the models to migrate: those of the configuration and the plugin's own where none are given.
func (d *database) migrated(models []any) []any {
	if len(models) > 0 {
		return models
	}
	return append(Tables(), d.registry.Named()...)
}
