package dialect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// mysqlFolder and mysqlPaper keep times to the millisecond, as GORM makes them on MySQL, and their mark is a DeletionID beside those.
	mysqlFolder struct {
		ID        uint
		Papers    []mysqlPaper `gorm:"foreignKey:FolderID" softdelete:"cascade"`
		Trays     []mysqlTray  `gorm:"foreignKey:FolderID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
		Mark      softdelete.DeletionID
	}
	mysqlPaper struct {
		ID, FolderID uint
		DeletedAt    gorm.DeletedAt
	}
	mysqlTray struct {
		ID        uint
		FolderID  *uint
		ParentID  *uint
		Inner     []mysqlTray `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
)

func TestADryRunOnMySQLNeedsNoServer(t *testing.T) {
	db, err := gorm.Open(mysql.New(mysql.Config{DSN: "nobody@tcp(127.0.0.1:1)/none", SkipInitializeWithVersion: true}),
		&gorm.Config{DryRun: true, SkipDefaultTransaction: true, DisableAutomaticPing: true, Logger: logger.Discard})
	require.NoError(t, err)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlPaper{}}})))
	tx := db.Delete(&mysqlPaper{}, 1)
	require.NoError(t, tx.Error)
	require.Contains(t, tx.Statement.SQL.String(), "UPDATE `mysql_papers` SET `deleted_at`")
}

func TestTimesOfDeletionOnMySQLHaveTheDigitsOfTheirColumn(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"datetime": time.Second, "datetime(3)": time.Millisecond, "timestamp(6)": time.Microsecond, "datetime(0) NULL": time.Second, "time": time.Millisecond,
	} {
		step, known := dialect.MySQL.TimeStep(&schema.Field{DataType: schema.DataType(name)})
		require.True(t, known)
		require.Equal(t, want, step, name)
	}
	_, known := dialect.MySQL.TimeStep(&schema.Field{DataType: "date"})
	require.False(t, known)
	step, _ := dialect.MySQL.TimeStep(&schema.Field{DataType: schema.Time, Precision: 6})
	require.Equal(t, time.Microsecond, step)
}

func TestADeletionOnMariaDBIsRestoredByItsMark(t *testing.T) {
	db := testdb.MySQL(t).Open(t, &gorm.Config{NowFunc: func() time.Time { return time.Now().Add(123 * time.Nanosecond) }})
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlFolder{}}})))
	require.NoError(t, db.AutoMigrate(&mysqlFolder{}, &mysqlPaper{}, &mysqlTray{}))
	one, two := uint(1), uint(2)
	require.NoError(t, db.Create(&mysqlFolder{ID: 1, Papers: []mysqlPaper{{ID: 1}, {ID: 2}}, Trays: []mysqlTray{{ID: 1}}}).Error)
	require.NoError(t, db.Create(&[]mysqlTray{{ID: 2, ParentID: &one}, {ID: 3, ParentID: &two}}).Error)
	require.NoError(t, db.Delete(&mysqlPaper{ID: 2}).Error)
	report, err := softdelete.Delete(db, &mysqlFolder{ID: 1})
	require.NoError(t, err)
	preview, err := softdelete.PreviewRestore(db, &mysqlFolder{ID: 1})
	require.NoError(t, err)
	require.NotEmpty(t, preview.Effects)
	require.NotEmpty(t, report.Effects)
	require.Equal(t, 0, holds(t, db, "mysql_trays", "deleted_at IS NULL"))
	_, err = softdelete.Restore(db, &mysqlFolder{ID: 1})
	require.NoError(t, err)
	require.Equal(t, 3, holds(t, db, "mysql_trays", "deleted_at IS NULL"))
	require.Equal(t, 1, holds(t, db, "mysql_papers", "deleted_at IS NULL"), "the other was deleted before")
}

// mysqlMarked has times that mean live, one of which says its zone.
type mysqlMarked struct {
	ID        uint
	DeletedAt gorm.DeletedAt `gorm:"zeroValue:'1970-01-01 00:00:01'"`
}

type mysqlZoned struct {
	ID        uint
	DeletedAt gorm.DeletedAt `gorm:"zeroValue:1970-01-01T02:00:01+02:00"`
}

func TestATimeThatMeansLiveHasNoZoneOnMySQL(t *testing.T) {
	db := testdb.MySQL(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlMarked{}, &mysqlZoned{}}})))
	require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
	for _, model := range []any{&mysqlMarked{}, &mysqlZoned{}} {
		stmt := &gorm.Statement{DB: db}
		require.NoError(t, stmt.Parse(model))
		require.NoError(t, db.Exec("CREATE TABLE "+stmt.Table+" (id int PRIMARY KEY, deleted_at datetime(3))").Error)
		require.NoError(t, db.Exec("INSERT INTO "+stmt.Table+" VALUES (1, '1970-01-01 00:00:01'), (2, NULL)").Error)
		live := func() (n int64) {
			require.NoError(t, db.Model(model).Count(&n).Error)
			return n
		}
		require.EqualValues(t, 2, live())
		require.NoError(t, db.Where("id = 1").Delete(model).Error)
		require.EqualValues(t, 1, live())
		_, err := softdelete.Restore(db.Where("id = 1"), model)
		require.NoError(t, err)
		require.EqualValues(t, 2, live())
		require.Equal(t, 1, holds(t, db, stmt.Table, "deleted_at = '1970-01-01 00:00:01'"))
	}
}
