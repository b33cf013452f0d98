package archive_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	archiveFormer struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Size   int32
		Code   string `gorm:"size:5;uniqueIndex"`
		Former string
	}
	archiveLater struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Size  int64
		Code  string `gorm:"size:50;uniqueIndex"`
		Grade string `gorm:"not null;default:new"`
		Note  *string
	}
	archivePoint struct{ X, Y int }
	archiveKinds struct {
		_       struct{} `softdelete:"archive"`
		ID      uint     `gorm:"primaryKey"`
		At      time.Time
		Until   *time.Time `gorm:"precision:3"`
		Data    []byte
		Empty   []byte
		JSON    map[string]any `gorm:"serializer:json"`
		Gob     []string       `gorm:"serializer:gob;type:bytes"`
		Big     int64
		Ratio   float64
		Yes     bool
		None    *string
		Point   archivePoint `gorm:"embedded;embeddedPrefix:point_"`
		Rank    int          `gorm:"default:7"`
		Doubled int64        `gorm:"->;type:bigint GENERATED ALWAYS AS (big / 2) STORED"`
	}
)

func (archiveFormer) TableName() string { return "archive_things" }
func (archiveLater) TableName() string  { return "archive_things" }

func TestArchiveMigratesInStepWithTheModel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveFormer{}}})
		statements, err := softdelete.DDL(former, &archiveFormer{})
		require.NoError(t, err)
		indexes := 3
		if database.Name == "mysql" {
			indexes = 2 + 2 // the table's unique one comes with it; the table of locks, and its rows
		}
		require.Len(t, statements, 2+indexes, "two tables, the unique index and two of the archive: %v", statements)
		require.NoError(t, former.AutoMigrate(&archiveFormer{}))
		statements, err = softdelete.DDL(former, &archiveFormer{})
		require.NoError(t, err)
		require.Empty(t, statements)
		require.NoError(t, former.Create(&archiveFormer{ID: 1, Size: 3, Code: "c", Former: "f"}).Error)
		require.NoError(t, former.Delete(&archiveFormer{ID: 1}).Error)

		db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveLater{}}})
		statements, err = softdelete.DDL(db, &archiveLater{})
		require.NoError(t, err)
		require.NoError(t, db.AutoMigrate(&archiveLater{}))
		require.NotEmpty(t, statements)
		again, err := softdelete.DDL(db, &archiveLater{})
		require.NoError(t, err)
		require.Empty(t, again)
		require.Equal(t, 1, fixture.Rows(t, db, "archive_things_archive", "former = ?", "f"), "a dropped field's column stays")

		long := archiveLater{ID: 2, Size: 1 << 40, Code: "more than five characters"}
		require.NoError(t, db.Create(&long).Error)
		require.NoError(t, db.Delete(&long).Error)
		for _, id := range []uint{1, 2} {
			_, err = softdelete.Restore(db, &archiveLater{ID: id})
			require.NoError(t, err)
		}
		var things []archiveLater
		require.NoError(t, db.Order("id").Find(&things).Error)
		require.Equal(t, []archiveLater{{ID: 1, Size: 3, Code: "c", Grade: "new"}, {ID: 2, Size: 1 << 40, Code: long.Code, Grade: "new"}}, things)
	})
}

func TestArchiveKeepsEveryKindOfColumn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&archiveKinds{}})
		zone := time.FixedZone("there", 5*3600+1800)
		until := time.Date(2031, 2, 3, 4, 5, 6, 789000000, zone)
		row := archiveKinds{
			ID: 1, At: time.Date(1999, 12, 31, 23, 59, 59, 123456000, zone), Until: &until, Data: []byte{0, 1, 255}, Empty: []byte{},
			JSON: map[string]any{"a": []any{1.5, "ü"}}, Gob: []string{"x", ""}, Big: 1<<62 + 1, Ratio: 0.1, Yes: true,
			Point: archivePoint{X: -1, Y: 2},
		}
		require.NoError(t, db.Create(&row).Error)
		raw := func() (values map[string]any) {
			require.NoError(t, db.Table("archive_kinds").Take(&values).Error)
			return values
		}
		var before, archived, after archiveKinds
		require.NoError(t, db.First(&before).Error)
		columns := raw()
		require.NoError(t, db.Delete(&archiveKinds{ID: 1}).Error)
		require.NoError(t, db.Clauses(softdelete.WithDeleted).First(&archived).Error)
		require.Zero(t, archived.Doubled, "a generated column is not archived")
		archived.Doubled = before.Doubled
		require.Equal(t, before, archived)
		_, err := softdelete.Restore(db, &archiveKinds{ID: 1})
		require.NoError(t, err)
		require.NoError(t, db.First(&after).Error)
		require.Equal(t, before, after)
		require.Equal(t, columns, raw(), "bit for bit")
	})
}
