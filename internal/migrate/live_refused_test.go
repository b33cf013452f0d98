package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	liveWidest struct {
		ID        uint
		Name      string `gorm:"size:767;uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	liveTooWide struct {
		ID        uint
		Name      string `gorm:"size:768;uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	liveTooWidePair struct {
		ID        uint
		Name      string `gorm:"size:500;uniqueIndex:wide_pair"`
		Other     string `gorm:"size:500;uniqueIndex:wide_pair"`
		DeletedAt gorm.DeletedAt
	}
	liveText struct {
		ID        uint
		Name      string `gorm:"type:longtext;uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	liveTextPrefix struct {
		ID        uint
		Name      string `gorm:"type:longtext;uniqueIndex:,length:40"`
		DeletedAt gorm.DeletedAt
	}
	liveOwnCondition struct {
		ID        uint
		Name      string `gorm:"uniqueIndex:,where:name <> ''"`
		DeletedAt gorm.DeletedAt
	}
	liveAlike struct {
		ID    uint
		State string `gorm:"size:20" softdelete:"status;deleted:Gone;active:gone"`
	}
	liveAlikeVisible struct {
		ID    uint
		State string `gorm:"size:20" softdelete:"status;deleted:gone;active:here;visible:here,Göne"`
	}
	liveTold struct {
		ID    uint
		State string `gorm:"type:varchar(20) COLLATE utf8mb4_bin" softdelete:"status;deleted:Gone;active:gone"`
	}
)

func TestUniqueIndexesThatTheDatabaseCannotHaveAreRefusedBeforeAnythingIsChanged(t *testing.T) {
	for name, c := range map[string]struct {
		model any
		err   error
		says  []string
	}{
		"too wide":               {&liveTooWide{}, softdelete.ErrPolicy, []string{"liveTooWide", "3072 bytes", "3071", "size"}},
		"too wide together":      {&liveTooWidePair{}, softdelete.ErrPolicy, []string{"liveTooWidePair", "wide_pair", "4000"}},
		"without a length":       {&liveText{}, softdelete.ErrPolicy, []string{"liveText.Name", "longtext", "size:191"}},
		"a condition of its own": {&liveOwnCondition{}, softdelete.ErrUnsupported, []string{"liveOwnCondition", "name <> ''"}},
		"states by case":         {&liveAlike{}, softdelete.ErrPolicy, []string{"liveAlike.State", "Gone and gone", "utf8mb4_bin"}},
		"states by accent":       {&liveAlikeVisible{}, softdelete.ErrPolicy, []string{"liveAlikeVisible.State", "gone and Göne"}},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
				db := fixture.Use(t, database, softdelete.Config{})
				for _, migrate := range []func() error{
					func() error { return db.AutoMigrate(c.model) },
					func() error { return db.Migrator().CreateTable(c.model) },
					func() error { _, err := softdelete.DDL(db, c.model); return err },
				} {
					err := migrate()
					require.ErrorIs(t, err, c.err)
					for _, text := range c.says {
						require.ErrorContains(t, err, text)
					}
				}
				require.False(t, db.Migrator().HasTable(c.model))
			})
		})
	}
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		models := []any{&liveWidest{}, &liveTextPrefix{}, &liveTold{}}
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(models...))
		requireNoFurtherChange(t, db, models...)
	})
}

func TestAColumnOfTheNameThatTellsNoLiveRowsIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&liveUser{}))
		require.NoError(t, plain.Exec("ALTER TABLE live_users ADD softdelete_live int").Error)
		db := fixture.Use(t, database, softdelete.Config{})
		err := db.AutoMigrate(&liveUser{})
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, "softdelete_live")
	})
}
