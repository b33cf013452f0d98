package eventlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type keptLogged struct {
	_    struct{} `softdelete:"events"`
	ID   uint
	Text string
}

func (keptLogged) TableName() string { return "kept_logged" }

// A trigger of the application may keep a row in its table, and raise no error.
func TestRebuildIsRefusedWhereATriggerKeepsARowThatItsEventsHaveDeleted(t *testing.T) {
	testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&keptLogged{}})
		require.NoError(t, db.Create(&[]keptLogged{{ID: 6, Text: "secret"}, {ID: 7, Text: "secret"}, {ID: 8, Text: "secret"}}).Error)
		fixture.Exec(t, db, "INSERT INTO kept_logged_events (row_key, version, type, content, data, actor, reason, at) "+
			"SELECT row_key, 2, 'deleted', '"+string(dialect.Removed)+"', data, actor, reason, at FROM kept_logged_events WHERE row_key <> '8'")
		if database.Name == "sqlite" {
			fixture.Exec(t, db, "CREATE TRIGGER keeps BEFORE DELETE ON kept_logged WHEN OLD.id = 7 BEGIN SELECT RAISE(IGNORE); END")
		} else {
			fixture.Exec(t, db, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = 7 THEN RETURN NULL; END IF; RETURN OLD; END $$",
				"CREATE TRIGGER keeps BEFORE DELETE ON kept_logged FOR EACH ROW EXECUTE FUNCTION keep()")
		}
		_, err := softdelete.Rebuild(db, &keptLogged{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "table kept_logged keeps 1 row of keptLogged")
		require.NotContains(t, err.Error(), "secret")
		require.Equal(t, 3, fixture.Rows(t, db, "kept_logged"))
	})
}
