package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	letteredBefore struct {
		_    struct{} `softdelete:"archive"`
		Code string   `gorm:"primaryKey"`
		Name string   `gorm:"type:varchar(40) COLLATE utf8mb4_unicode_ci"`
		Note string
		Size uint32
	}
	letteredAfter struct {
		_    struct{} `softdelete:"archive"`
		Code string   `gorm:"primaryKey"`
		Name string   `gorm:"size:80"`
		Note string   `gorm:"type:longtext"`
		Size uint64
	}
)

func (letteredBefore) TableName() string { return "lettered" }
func (letteredAfter) TableName() string  { return "lettered" }

// letteredOrder has a text as its key, which an index of its archive is on.
type letteredOrder struct {
	_    struct{} `softdelete:"archive"`
	Code string   `gorm:"primaryKey"`
	Name string   `gorm:"type:varchar(40) COLLATE utf8mb4_unicode_ci"`
	Note string
	Size uint32
}

func TestColumnsOfThePluginsOwnTellTextsApartByTheirLettersAndHaveALength(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &letteredOrder{})...))
		requireNoFurtherChange(t, db, append(softdelete.Tables(), &letteredOrder{})...)
		events := db.Table("softdelete_some_events").Session(&gorm.Session{})
		require.NoError(t, events.AutoMigrate(&eventlog.EventRow{}))
		recorder := testdb.Record(db)
		require.NoError(t, events.AutoMigrate(&eventlog.EventRow{}))
		require.Empty(t, changes(recorder))
		var folded []string
		require.NoError(t, db.Raw("SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE() "+
			"AND table_name LIKE 'softdelete%' AND collation_name <> 'utf8mb4_bin'").Scan(&folded).Error)
		require.Empty(t, folded)
		require.NoError(t, db.Raw("SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns WHERE table_schema = DATABASE() "+
			"AND table_name LIKE 'softdelete%' AND data_type IN ('datetime', 'timestamp') AND datetime_precision <> 6").Scan(&folded).Error)
		require.Empty(t, folded)
		require.NoError(t, db.Raw("SELECT table_name FROM information_schema.tables AS t WHERE table_schema = DATABASE() AND NOT EXISTS "+
			"(SELECT 1 FROM information_schema.statistics AS s WHERE s.table_schema = t.table_schema AND s.table_name = t.table_name AND index_name = 'PRIMARY')").
			Scan(&folded).Error)
		require.Empty(t, folded, "each table has a primary key, as sql_require_primary_key asks for")

		var columns []string
		require.NoError(t, db.Raw("SELECT CONCAT_WS(' ', column_name, column_type, collation_name, is_nullable) FROM information_schema.columns "+
			"WHERE table_schema = DATABASE() AND table_name = 'lettered_orders_archive' ORDER BY ordinal_position").Scan(&columns).Error)
		var table string
		require.NoError(t, db.Raw("SELECT collation_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'lettered_orders' "+
			"AND column_name = 'code'").Scan(&table).Error)
		require.Equal(t, []string{
			"archive_id bigint(20) NO", "code varchar(191) " + table + " YES", "name varchar(40) utf8mb4_unicode_ci YES", "note varchar(191) " + table + " YES",
			"size int(10) unsigned YES", "archived_at datetime(6) YES", "deletion_id varchar(64) utf8mb4_bin YES", "actor longtext utf8mb4_bin YES",
			"reason longtext utf8mb4_bin YES",
		}, columns)
	})
}

func TestAnArchiveFollowsItsTableInPlace(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, fixture.Use(t, database, softdelete.Config{}).AutoMigrate(&letteredBefore{}))
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.Exec("ALTER TABLE lettered MODIFY name varchar(60) COLLATE utf8mb4_bin").Error)
		types := func() (columns []string) {
			require.NoError(t, db.Raw("SELECT CONCAT_WS(' ', column_name, column_type, collation_name) FROM information_schema.columns "+
				"WHERE table_schema = DATABASE() AND table_name = 'lettered_archive' AND column_name IN ('name', 'note', 'size') ORDER BY 1").Scan(&columns).Error)
			return columns
		}
		require.NoError(t, db.AutoMigrate(&letteredAfter{}))
		told := types()
		require.Contains(t, told[0], "name varchar(80)")
		require.Contains(t, told[1], "note longtext")
		require.Contains(t, told[2], "size bigint(20) unsigned")
		requireNoFurtherChange(t, db, &letteredAfter{})
	})
}
