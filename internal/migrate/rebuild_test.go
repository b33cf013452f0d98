package migrate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	rebuildCountry struct {
		ID        uint
		Code      string `gorm:"uniqueIndex"`
		Iso       string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
	}
	// rebuildPlant refers to unique columns of a country, not to its key.
	rebuildPlant struct {
		ID          uint
		CountryCode string
		Country     rebuildCountry `gorm:"references:Code"`
		CountryIso  string
		Origin      rebuildCountry `gorm:"foreignKey:CountryIso;references:Iso"`
		DeletedAt   gorm.DeletedAt
	}

	rebuildParent struct {
		ID        uint
		Code      string         `gorm:"unique"`
		Children  []rebuildChild `gorm:"foreignKey:ParentID;constraint:OnDelete:CASCADE"`
		DeletedAt gorm.DeletedAt
	}
	rebuildChild struct {
		ID       uint
		ParentID *uint
	}

	// rebuildBefore is rebuildAfter as an earlier version had it.
	rebuildBefore struct {
		ID        uint
		Code      string `gorm:"unique"`
		Alias     string `gorm:"unique"`
		Size      int
		ZoneID    *uint
		AreaID    *uint
		DeletedAt gorm.DeletedAt
	}
	rebuildAfter struct {
		ID        uint
		Code      string `gorm:"unique;size:30"`
		Alias     string `gorm:"unique;check:rebuild_alias,alias <> 'x'"`
		Size      int    `gorm:"check:rebuild_small,size < 9"`
		Added     string `gorm:"uniqueIndex"`
		ZoneID    *uint
		Zone      *rebuildZone
		AreaID    *uint
		Area      *rebuildArea
		OwnerID   *uint
		Owner     *rebuildOwner
		DeletedAt gorm.DeletedAt
	}
	rebuildZone  struct{ ID uint }
	rebuildArea  struct{ ID uint }
	rebuildOwner struct {
		ID    uint
		Zones []rebuildZone `gorm:"many2many:rebuild_owner_zones"`
		Areas []rebuildArea `gorm:"many2many:rebuild_owner_areas"`
	}
)

func (rebuildBefore) TableName() string { return "rebuild_things" }
func (rebuildAfter) TableName() string  { return "rebuild_things" }

func TestAUniqueIndexThatAForeignKeyRefersToStaysWhole(t *testing.T) {
	orders := map[string][]any{
		"the parent is named first": {&rebuildCountry{}, &rebuildPlant{}},
		"the child is named first":  {&rebuildPlant{}, &rebuildCountry{}},
	}
	for name, models := range orders {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := migrateUse(t, database.Open(t), models...)
				require.NoError(t, db.AutoMigrate(models...))
				requireNoFurtherChange(t, db, models...)
				requireReferred(t, db)
			})
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				require.NoError(t, database.Open(t).AutoMigrate(models...))
				db := migrateUse(t, database.Open(t))
				require.NoError(t, db.AutoMigrate(models...))
				requireNoFurtherChange(t, db, models...)
				requireReferred(t, db)
			})
		})
	}
	t.Run("without foreign keys it covers live rows", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := migrateUse(t, database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true}))
			require.NoError(t, db.AutoMigrate(&rebuildCountry{}, &rebuildPlant{}))
			for range 2 {
				country := rebuildCountry{Code: "a", Iso: "b"}
				require.NoError(t, db.Create(&country).Error)
				require.NoError(t, db.Delete(&country).Error)
			}
		})
	})
}

func requireReferred(t *testing.T, db *gorm.DB) {
	t.Helper()
	country := rebuildCountry{Code: "a", Iso: "b"}
	require.NoError(t, db.Create(&country).Error)
	plant := rebuildPlant{CountryCode: "a", CountryIso: "b"}
	require.NoError(t, db.Omit("Country", "Origin").Create(&plant).Error)
	require.Error(t, db.Omit("Country", "Origin").Create(&rebuildPlant{CountryCode: "x", CountryIso: "b"}).Error)
	require.NoError(t, db.Delete(&country).Error)
	require.Error(t, db.Create(&rebuildCountry{Code: "a", Iso: "c"}).Error)
	require.Error(t, db.Create(&rebuildCountry{Code: "c", Iso: "b"}).Error)
}

func TestRowsThatReferToARebuiltTableStay(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&rebuildParent{}, &rebuildChild{}))
		require.NoError(t, former.Create(&rebuildParent{Code: "a", Children: []rebuildChild{{}, {}}}).Error)
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&rebuildParent{}, &rebuildChild{}))
		var children int64
		require.NoError(t, db.Model(&rebuildChild{}).Where("parent_id = 1").Count(&children).Error)
		require.EqualValues(t, 2, children)
		require.NoError(t, db.Delete(&rebuildParent{ID: 1}).Error)
		require.NoError(t, db.Create(&rebuildParent{Code: "a"}).Error, "unique among live rows")
		missing := uint(99)
		require.Error(t, db.Create(&rebuildChild{ParentID: &missing}).Error, "foreign keys are enforced again")
		requireNoFurtherChange(t, db, &rebuildParent{}, &rebuildChild{})
	})
}

func TestATransactionDoesNotRebuildATableThatRowsReferTo(t *testing.T) {
	database := testdb.SQLite(t)
	former := database.Open(t)
	require.NoError(t, former.AutoMigrate(&rebuildParent{}, &rebuildChild{}))
	require.NoError(t, former.Create(&rebuildParent{Code: "a", Children: []rebuildChild{{}, {}}}).Error)
	db := migrateUse(t, database.Open(t))
	before := indexesOf(t, db)
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		err := tx.AutoMigrate(&rebuildParent{}, &rebuildChild{})
		require.ErrorContains(t, err, "rebuild_children")
		require.ErrorContains(t, err, "outside of the transaction")
		return nil
	}))
	require.Equal(t, before, indexesOf(t, db))
	var children int64
	require.NoError(t, db.Model(&rebuildChild{}).Where("parent_id = 1").Count(&children).Error)
	require.EqualValues(t, 2, children)
}

func TestAMigrationThatRebuildsTablesIsOneTransaction(t *testing.T) {
	database := testdb.SQLite(t)
	former := database.Open(t)
	require.NoError(t, former.AutoMigrate(&rebuildBefore{}))
	require.NoError(t, former.Create(&rebuildBefore{Code: "a", Alias: "a", Size: 5}).Error)
	db := migrateUse(t, database.Open(t))
	recorder := testdb.Record(db)
	require.NoError(t, db.AutoMigrate(&rebuildAfter{}))
	depth := 0
	for _, statement := range recorder.Statements() {
		switch word, _, _ := strings.Cut(statement, " "); word {
		case "BEGIN":
			depth++
		case "COMMIT":
			depth--
		case "CREATE", "DROP", "ALTER", "INSERT":
			require.Equal(t, 1, depth, statement)
		}
	}
	require.Zero(t, depth)

	t.Run("and is undone as a whole", func(t *testing.T) {
		database := testdb.SQLite(t)
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&rebuildBefore{}))
		missing := uint(99)
		require.NoError(t, former.Create(&rebuildBefore{Code: "a", Alias: "a", Size: 5, ZoneID: &missing}).Error)
		before := schemaOf(t, former)
		db := migrateUse(t, database.Open(t))
		require.ErrorIs(t, db.AutoMigrate(&rebuildAfter{}), gorm.ErrForeignKeyViolated)
		require.Equal(t, before, schemaOf(t, former))
	})
}

// schemaOf lists everything that a SQLite database's schema has.
func schemaOf(t *testing.T, db *gorm.DB) []string {
	t.Helper()
	var list []string
	require.NoError(t, db.Raw("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY name").Scan(&list).Error)
	return list
}

func TestLiveDuplicatesOfAnExpressionAreFound(t *testing.T) {
	type plain struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
	type lowered struct {
		ID        uint
		Name      string `gorm:"uniqueIndex:duplicates_lower,expression:lower(name)"`
		DeletedAt gorm.DeletedAt
	}
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t).Table("duplicates")
		require.NoError(t, former.AutoMigrate(&plain{}))
		require.NoError(t, former.Create(&[]plain{{Name: "sec@ret"}, {Name: "sec@ret"}, {Name: "other"}, {Name: "SEC@RET"}}).Error)
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, migrateUse(t, database.Open(t)).Table("duplicates").AutoMigrate(&lowered{}), &conflict)
		require.Equal(t, []string{"1", "2", "4"}, conflict.LiveKeys)
		require.NotContains(t, conflict.Error(), "@")
	})
}

func TestLiveDuplicatesLeaveTheOldState(t *testing.T) {
	type before struct {
		ID, Sub   uint `gorm:"primaryKey;autoIncrement:false"`
		First     string
		Second    *string
		DeletedAt gorm.DeletedAt
	}
	type after struct {
		ID, Sub   uint `gorm:"primaryKey;autoIncrement:false"`
		Added     string
		First     string  `gorm:"uniqueIndex:duplicates_pair;index:duplicates_plain"`
		Second    *string `gorm:"uniqueIndex:duplicates_pair,sort:desc"`
		DeletedAt gorm.DeletedAt
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t).Table("duplicates")
		require.NoError(t, former.AutoMigrate(&before{}))
		second := "sec@ret"
		deleted := gorm.DeletedAt{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Valid: true}
		require.NoError(t, former.Create(&[]before{
			{ID: 1, Sub: 7, First: "x", Second: &second},
			{ID: 1, Sub: 8, First: "x", Second: &second},
			{ID: 2, First: "x"},
			{ID: 3, First: "x"},
			{ID: 5, First: "x", Second: &second, DeletedAt: deleted},
		}).Error)
		db := migrateUse(t, database.Open(t))
		indexes := indexesOf(t, db)

		for range 2 {
			for name, migrate := range map[string]func() error{
				"AutoMigrate": func() error { return db.Table("duplicates").AutoMigrate(&after{}) },
				"in a transaction": func() error {
					return db.Transaction(func(tx *gorm.DB) error { return tx.Table("duplicates").AutoMigrate(&after{}) })
				},
			} {
				var conflict *softdelete.ConflictError
				require.ErrorAs(t, migrate(), &conflict, name)
				require.Equal(t, "duplicates_pair", conflict.Index)
				require.Equal(t, []string{"first", "second"}, conflict.Columns)
				require.Equal(t, []string{"1,7", "1,8"}, conflict.LiveKeys)
				require.NotContains(t, conflict.Error(), "@", "no value of a row")
			}
		}
		require.Equal(t, indexes, indexesOf(t, db))
		require.False(t, db.Table("duplicates").Migrator().HasColumn(&after{}, "added"))

		require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
		require.NoError(t, db.Table("duplicates").Where("sub = 8").Delete(&after{}).Error)
		require.NoError(t, db.Table("duplicates").AutoMigrate(&after{}))
		recorder := testdb.Record(db)
		require.NoError(t, db.Table("duplicates").AutoMigrate(&after{}))
		require.Empty(t, changes(recorder))
	})
}
