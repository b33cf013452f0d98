package dialect_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestADSNByWhichTimesCannotBeToldOrTransactionsDoNotEndIsRefused(t *testing.T) {
	database := testdb.MySQL(t)
	for set, says := range map[string]string{
		"parseTime=false":         "parseTime=true",
		"loc=Europe%2FBerlin":     "loc=UTC",
		"loc=Europe%2FLondon":     "loc=UTC", // in winter it is that
		"loc=America%2FSao_Paulo": "America/Sao_Paulo",
		"autocommit=0":            "leave autocommit=1",
		"completion_type=CHAIN":   "completion_type=NO_CHAIN",
		"":                        "",
		"loc=Etc%2FUTC":           "",
		"loc=Africa%2FAbidjan":    "", // which is always at UTC
	} {
		err := database.Set(set).Open(t).Use(softdelete.New(softdelete.Config{}))
		if says == "" {
			require.NoError(t, err, set)
			continue
		}
		require.ErrorIs(t, err, softdelete.ErrUnsupported, set)
		require.ErrorContains(t, err, says, set)
	}
}

func TestATableWithoutTransactionsIsRefused(t *testing.T) {
	database := testdb.MySQL(t)
	models := []any{&mysqlFolder{}, &mysqlPaper{}, &mysqlTray{}}
	fixture.Exec(t, database.Open(t), "CREATE TABLE mysql_trays (id int PRIMARY KEY) ENGINE=MyISAM", "CREATE TABLE mysql_papers (id int PRIMARY KEY)")
	err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: models}))
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "ALTER TABLE mysql_trays ENGINE=InnoDB")
	require.NotContains(t, err.Error(), "mysql_papers")

	fixture.Exec(t, database.Open(t), "ALTER TABLE mysql_trays ENGINE=InnoDB")
	require.NoError(t, database.Open(t).Use(softdelete.New(softdelete.Config{Models: models})))
}

func TestAServerThatOthersWriteBesideIsToldOf(t *testing.T) {
	for says, settings := range map[string]map[string]string{
		"a Galera cluster":     {"wsrep_on": "ON"},
		"several primaries":    {"wsrep_on": "OFF", "group_replication_group_name": "g", "group_replication_single_primary_mode": "OFF"},
		"":                     {"wsrep_on": "OFF"},
		"\x00one primary only": {"group_replication_group_name": "g", "group_replication_single_primary_mode": "ON"},
		"\x00no group":         {"group_replication_group_name": "", "group_replication_single_primary_mode": "OFF"},
	} {
		said := dialect.WritersOf(dialect.MySQL, settings)
		if says == "" || says[0] == 0 {
			require.Empty(t, said, settings)
			continue
		}
		require.Contains(t, said, says)
		require.Contains(t, said, "all writers use one")
	}
	db, d := openMySQL(t)
	said, err := d.Writers(db)
	require.NoError(t, err)
	require.Empty(t, said, "of a server that stands alone")
}

func TestASessionThatRefusesTheUpdatesOfACascadeIsToldWhatToSet(t *testing.T) {
	database := testdb.MySQL(t)
	models := []any{&mysqlFolder{}, &mysqlPaper{}, &mysqlTray{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models})
	require.NoError(t, db.Create(&mysqlFolder{ID: 1, Papers: []mysqlPaper{{ID: 1}}, Trays: []mysqlTray{{ID: 1}}}).Error)
	safe := fixture.Use(t, database.Set("sql_safe_updates=1"), softdelete.Config{Models: models})
	err := safe.Delete(&mysqlFolder{ID: 1}).Error
	require.ErrorContains(t, err, "SET sql_safe_updates = 0")
	require.Equal(t, 1, fixture.Rows(t, db, "mysql_papers", "deleted_at IS NULL"))
	require.NoError(t, db.Delete(&mysqlFolder{ID: 1}).Error)
	_, err = softdelete.Restore(safe, &mysqlFolder{ID: 1})
	require.ErrorContains(t, err, "SET sql_safe_updates = 0")

	err = db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&mysqlFolder{ID: 1}).Error }, &sql.TxOptions{ReadOnly: true})
	require.ErrorContains(t, err, "the transaction is read-only")
}
