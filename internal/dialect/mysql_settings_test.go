package dialect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestADSNByWhichTimesCannotBeToldIsRefused(t *testing.T) {
	database := testdb.MySQL(t)
	for set, says := range map[string]string{
		"parseTime=false":         "parseTime=true",
		"loc=Europe%2FBerlin":     "loc=UTC",
		"loc=Europe%2FLondon":     "loc=UTC", // in winter it is that
		"loc=America%2FSao_Paulo": "America/Sao_Paulo",
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
