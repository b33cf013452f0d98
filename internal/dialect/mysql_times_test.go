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
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// timedBox and timedThing have their time of deletion as their mark.
type (
	timedBox struct {
		ID        uint
		Things    []timedThing `gorm:"foreignKey:BoxID;constraint:-" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	timedThing struct {
		ID, BoxID uint
		DeletedAt gorm.DeletedAt
	}
)

func TestDeletionsAreToldApartByTimesOfEveryColumn(t *testing.T) {
	for name, c := range map[string]struct {
		box, thing string // types of the columns
		digits     int    // of those without a type
	}{
		"datetime": {"datetime", "datetime", 3}, "datetime(3)": {"datetime(3)", "datetime(3)", 3}, "datetime(6)": {"datetime(6)", "datetime(6)", 3},
		"timestamp": {"timestamp NULL", "timestamp NULL", 3}, "timestamp(6)": {"timestamp(6) NULL", "timestamp(6) NULL", 3},
		"coarse above fine": {"datetime", "datetime(6)", 3}, "fine above coarse": {"timestamp(6) NULL", "datetime", 3},
		"by the driver, 0": {"", "", 0}, "by the driver, 3": {"", "", 3}, "by the driver, 6": {"", "", 6}, "by the driver, beside another": {"datetime(6)", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			database := testdb.MySQL(t)
			now := time.Date(2026, 1, 2, 3, 4, 5, 999_999_600, time.UTC)
			db, err := gorm.Open(mysql.New(mysql.Config{DSN: database.DSN, DefaultDatetimePrecision: &c.digits}),
				&gorm.Config{Logger: logger.Discard, NowFunc: func() time.Time { return now }})
			require.NoError(t, err)
			t.Cleanup(func() {
				pool, err := db.DB()
				require.NoError(t, err)
				require.NoError(t, pool.Close())
			})
			for model, kind := range map[any]string{&timedBox{}: c.box, &timedThing{}: c.thing} {
				stmt := &gorm.Statement{DB: db}
				require.NoError(t, stmt.Parse(model))
				if kind != "" {
					stmt.Schema.LookUpField("DeletedAt").DataType = schema.DataType(kind)
				}
			}
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&timedBox{}, &timedThing{}}})))
			require.NoError(t, db.AutoMigrate(&timedBox{}, &timedThing{}))
			require.NoError(t, db.Create(&timedBox{ID: 1, Things: []timedThing{{ID: 1}, {ID: 2}, {ID: 3}}}).Error)
			for range 2 {
				require.NoError(t, db.Delete(&timedThing{ID: 1}).Error)
				now = now.Add(200 * time.Nanosecond)
				require.NoError(t, db.Delete(&timedThing{ID: 2}).Error)
				report, err := softdelete.Delete(db, &timedBox{ID: 1})
				require.NoError(t, err)
				require.Equal(t, 0, holds(t, db, "timed_things", "deleted_at IS NULL"))
				require.Equal(t, 1, holds(t, db, "timed_things", "id = 3 AND deleted_at = (SELECT deleted_at FROM timed_boxes)"))
				require.EqualValues(t, 1, report.Rows())
				restored, err := softdelete.Restore(db, &timedBox{ID: 1})
				require.NoError(t, err)
				require.EqualValues(t, 1, restored.Rows())
				require.Equal(t, 1, holds(t, db, "timed_things", "deleted_at IS NULL"), "the others were deleted before")
				for _, id := range []uint{1, 2} {
					restored, err := softdelete.Restore(db, &timedThing{ID: id})
					require.NoError(t, err)
					require.EqualValues(t, 1, restored.Rows())
					require.Equal(t, int(id)+1, holds(t, db, "timed_things", "deleted_at IS NULL"), "each by itself")
				}
			}
		})
	}
}
