package migrate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// attachedThing has a unique column that becomes an index over live rows, and one whose type changes: tables are made anew for both
// where the database cannot change them.
type attachedThing struct {
	ID        uint   `gorm:"primaryKey;autoIncrement"`
	Code      string `gorm:"unique"`
	Size      int
	DeletedAt gorm.DeletedAt
}

// attachedOther is the same table as another version of the application has it.
type attachedOther struct {
	ID   uint   `gorm:"primaryKey;autoIncrement"`
	Code string `gorm:"unique"`
	Size string
}

func (attachedOther) TableName() string { return "attached_things" }

func TestATableThatIsMadeAnewKeepsWhatTheApplicationHungOnIt(t *testing.T) {
	testdb.EachOf(t, testdb.TablesMadeAnew, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		for _, statement := range []string{
			"CREATE TABLE attached_things (id integer PRIMARY KEY AUTOINCREMENT, code text, size integer, deleted_at datetime, CONSTRAINT uni_attached_things_code UNIQUE (code))",
			"CREATE TABLE attached_notes (id integer PRIMARY KEY, text text)",
			"CREATE TRIGGER attached_trigger AFTER INSERT ON attached_things BEGIN INSERT INTO attached_notes (text) VALUES ('new; ' || NEW.code); END",
			"CREATE TRIGGER attached_elsewhere AFTER INSERT ON attached_notes WHEN NEW.text = 'one more' BEGIN INSERT INTO attached_things (code, size) VALUES ('noted', 1); END",
			"CREATE INDEX attached_own ON attached_things (size) WHERE size > 3",
			"CREATE UNIQUE INDEX attached_pair ON attached_things (size, code COLLATE NOCASE)",
			"CREATE VIEW attached_view AS SELECT code FROM attached_things WHERE size > 0",
			"CREATE VIEW attached_broken AS SELECT none FROM attached_things",
			"INSERT INTO attached_things (id, code, size) VALUES (1, 'a', 1), (900, 'b', 2)",
			"DELETE FROM attached_things WHERE id = 900",
		} {
			require.NoError(t, plain.Exec(statement).Error)
		}
		want := attachedObjects(t, plain)
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&attachedThing{}}})
		statements, err := softdelete.DDL(db, &attachedThing{})
		require.NoError(t, err)
		check := func(db *gorm.DB) {
			t.Helper()
			have := attachedObjects(t, db)
			for name, sql := range want {
				require.Equal(t, sql, have[name], name)
			}
			thing := attachedThing{Code: "c", Size: 5}
			require.NoError(t, db.Create(&thing).Error)
			require.EqualValues(t, 901, thing.ID, "a key is never given twice")
			require.NoError(t, db.Exec("INSERT INTO attached_notes (text) VALUES ('one more')").Error)
			var codes, notes []string
			require.NoError(t, db.Raw("SELECT code FROM attached_view ORDER BY 1").Scan(&codes).Error)
			require.Equal(t, []string{"a", "c", "noted"}, codes)
			require.NoError(t, db.Raw("SELECT text FROM attached_notes ORDER BY id").Scan(&notes).Error)
			require.Equal(t, []string{"new; a", "new; b", "new; c", "one more", "new; noted"}, notes)
			require.Error(t, db.Create(&attachedThing{Code: "C", Size: 5}).Error, "the application's own index")
			var count int64
			require.NoError(t, db.Raw("PRAGMA legacy_alter_table").Scan(&count).Error)
			require.Zero(t, count)
		}
		t.Run("AutoMigrate", func(t *testing.T) {
			tx := db.Begin()
			defer tx.Rollback()
			require.NoError(t, tx.AutoMigrate(&attachedThing{}))
			check(tx)
		})
		t.Run("DDL", func(t *testing.T) {
			require.NoError(t, db.Connection(func(conn *gorm.DB) error {
				conn = conn.Session(&gorm.Session{})
				for _, statement := range statements {
					require.NoError(t, conn.Exec(statement).Error, statement)
				}
				check(conn)
				return nil
			}))
			requireNoFurtherChange(t, db, &attachedThing{})
		})
	})
}

// attachedObjects are the statements of what an application made beside its table.
func attachedObjects(t *testing.T, db *gorm.DB) map[string]string {
	t.Helper()
	var list []struct{ Name, SQL string }
	require.NoError(t, db.Raw("SELECT name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL").Scan(&list).Error)
	objects := map[string]string{}
	for _, o := range list {
		objects[o.Name] = o.SQL
	}
	return objects
}

func TestAViewThatWouldBreakStopsAMigration(t *testing.T) {
	testdb.EachOf(t, testdb.TablesMadeAnew, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&attachedThing{}})
		require.NoError(t, db.Exec("CREATE VIEW attached_sizes AS SELECT size FROM attached_things").Error)
		require.NoError(t, db.Exec("CREATE INDEX attached_size ON attached_things (size)").Error)
		err := db.Migrator().DropColumn(&attachedThing{}, "size")
		require.ErrorContains(t, err, "view attached_sizes")
		require.True(t, db.Migrator().HasColumn(&attachedThing{}, "size"))
		require.NoError(t, db.Exec("DROP VIEW attached_sizes").Error)
		require.NoError(t, db.Migrator().DropColumn(&attachedThing{}, "size"), "an index on the column goes with it")
	})
}

func TestAMigrationThatEndsEarlyLeavesForeignKeysEnforced(t *testing.T) {
	testdb.EachOf(t, testdb.TablesMadeAnew, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&attachedThing{}})
		sqlDB, err := db.DB()
		require.NoError(t, err)
		sqlDB.SetMaxOpenConns(1)
		require.NoError(t, db.Exec("PRAGMA foreign_keys = ON").Error)
		for i := range 60 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range i * 2000 {
					_ = fmt.Sprint(i)
				}
				cancel()
			}()
			var model any = &attachedThing{}
			if i%2 == 0 {
				model = &attachedOther{}
			}
			_ = db.WithContext(ctx).AutoMigrate(model)
			<-done
			var enforced bool
			require.NoError(t, db.Raw("PRAGMA foreign_keys").Scan(&enforced).Error)
			require.True(t, enforced, "round %d", i)
		}
	})
}
