package dialect_test

import (
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// openAs opens a test's database as a new user with some privileges in it.
func openAs(t *testing.T, database *testdb.Database, admin *gorm.DB, privileges string) *gorm.DB {
	t.Helper()
	config, err := driver.ParseDSN(database.DSN)
	require.NoError(t, err)
	config.User, config.Passwd = strings.ToLower(strings.TrimPrefix(config.DBName, "testdb_")), "few"
	config.User = config.User[:16]
	fixture.Exec(t, admin, "CREATE USER '"+config.User+"' IDENTIFIED BY 'few'", "GRANT "+privileges+" ON `"+config.DBName+"`.* TO '"+config.User+"'")
	t.Cleanup(func() { fixture.Exec(t, admin, "DROP USER '"+config.User+"'") })
	db, err := gorm.Open(mysql.Open(config.FormatDSN()), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	t.Cleanup(func() {
		pool, err := db.DB()
		require.NoError(t, err)
		require.NoError(t, pool.Close())
	})
	return db
}

func TestAUserWithoutTemporaryTablesIsToldWhatToGrant(t *testing.T) {
	database := testdb.MySQL(t)
	admin := database.Open(t)
	models := []any{&mysqlFolder{}, &mysqlPaper{}, &mysqlTray{}}
	require.NoError(t, admin.Use(softdelete.New(softdelete.Config{Models: models})))
	require.NoError(t, admin.AutoMigrate(models...))
	require.NoError(t, admin.Create(&mysqlFolder{ID: 1, Papers: []mysqlPaper{{ID: 1}}, Trays: []mysqlTray{{ID: 1}}}).Error)
	require.NoError(t, admin.Delete(&mysqlFolder{ID: 1}).Error)

	db := openAs(t, database, admin, "SELECT, INSERT, UPDATE, DELETE")
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	err := db.Transaction(func(tx *gorm.DB) error {
		_, err := softdelete.Restore(tx, &mysqlFolder{ID: 1})
		return err
	})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "GRANT CREATE TEMPORARY TABLES")
	require.Equal(t, 0, holds(t, admin, "mysql_folders", "deleted_at IS NULL"))
}

type mysqlNoted struct {
	_    struct{} `softdelete:"events"`
	ID   uint
	Name string
}

func TestAUserWithoutTriggersIsToldWhatToGrant(t *testing.T) {
	database := testdb.MySQL(t)
	admin := database.Open(t)
	db := openAs(t, database, admin, "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES, CREATE TEMPORARY TABLES")
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlNoted{}}})))
	err := db.AutoMigrate(&mysqlNoted{})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "GRANT TRIGGER")

	database = testdb.MySQL(t)
	admin = database.Open(t)
	db = openAs(t, database, admin, "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES, CREATE TEMPORARY TABLES, TRIGGER")
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlNoted{}}})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &mysqlNoted{})...))
	require.NoError(t, db.Create(&mysqlNoted{ID: 1, Name: "a"}).Error)
	events, err := softdelete.History(db, &mysqlNoted{ID: 1})
	require.NoError(t, err)
	require.Len(t, events, 1)
}
