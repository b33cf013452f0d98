// Package softdelete_field_test checks softdelete together with models that use gorm.io/plugin/soft_delete.
package softdelete_field_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
	"gorm.io/plugin/soft_delete"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// Note has the other plugin's field and nothing of softdelete's.
type Note struct {
	ID        uint
	TopicID   uint
	Text      string
	DeletedAt soft_delete.DeletedAt
}

// Topic keeps its notes.
type Topic struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Notes     []Note
}

func TestAModelWithThatFieldStaysAsItIsWithoutSoftdelete(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Topic{}, &Note{}}})))
		require.NoError(t, db.AutoMigrate(&Topic{}, &Note{}))
		topic := Topic{Notes: []Note{{Text: "a"}, {Text: "b"}}}
		require.NoError(t, db.Create(&topic).Error)

		require.NoError(t, db.Delete(&topic.Notes[0]).Error)
		var live, all []Note
		require.NoError(t, db.Find(&live).Error)
		require.NoError(t, db.Unscoped().Order("id").Find(&all).Error)
		require.Len(t, live, 1)
		require.Len(t, all, 2, "the row is marked, not removed")
		require.NotZero(t, all[0].DeletedAt)

		require.NoError(t, db.Delete(&topic).Error)
		require.NoError(t, db.Find(&live).Error)
		require.Len(t, live, 1, "kept")
		_, err := softdelete.Restore(db, &topic)
		require.NoError(t, err)

		for name, call := range map[string]func() error{
			"Restore": func() error { _, err := softdelete.Restore(db, &all[0]); return err },
			"Delete":  func() error { _, err := softdelete.Delete(db, &all[1]); return err },
			"Preview": func() error { _, err := softdelete.Preview(db, &all[1]); return err },
		} {
			require.ErrorIs(t, call(), softdelete.ErrUnsupported, name)
		}
		require.NoError(t, db.Unscoped().Find(&all).Error)
		require.Len(t, all, 2)
	})
}

type (
	both struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Deleted   soft_delete.DeletedAt `gorm:"softDelete:flag,DeletedAtField:DeletedAt"`
	}
	tagged struct {
		ID        uint
		DeletedAt soft_delete.DeletedAt `softdelete:"timestamp"`
	}
	cascading struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Children  []child `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	blocking struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Children  []child `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	child struct {
		ID        uint
		ParentID  uint
		DeletedAt soft_delete.DeletedAt
	}
	blockingItself struct {
		ID        uint
		DeletedAt soft_delete.DeletedAt
		Children  []plainChild `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	plainChild struct {
		ID        uint
		ParentID  uint
		DeletedAt gorm.DeletedAt
	}
	guarded struct {
		ID        uint
		ParentID  uint
		Parent    *blockless `softdelete:"guard"`
		DeletedAt soft_delete.DeletedAt
	}
	blockless struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
)

func TestPoliciesTogetherWithThatFieldAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		model any
		text  string
	}{
		"two strategies":           {&both{}, "both.Deleted: the type soft_delete.DeletedAt has deletion rules of its own"},
		"a tag on it":              {&tagged{}, "tagged.DeletedAt: the type soft_delete.DeletedAt has deletion rules of its own"},
		"cascade to it":            {&cascading{}, "cascading.Children: cascade to child, which has no policy"},
		"block by it":              {&blocking{}, "blocking.Children: the type soft_delete.DeletedAt of child.DeletedAt has deletion rules of its own"},
		"block on a model with it": {&blockingItself{}, "blockingItself.Children: the type soft_delete.DeletedAt of blockingItself.DeletedAt"},
		"guard on a model with it": {&guarded{}, "guarded.Parent: the type soft_delete.DeletedAt of guarded.DeletedAt"},
	} {
		t.Run(name, func(t *testing.T) {
			err := testdb.SQLite(t).Open(t).Use(softdelete.New(softdelete.Config{Models: []any{c.model}}))
			require.ErrorIs(t, err, softdelete.ErrPolicy)
			require.ErrorContains(t, err, c.text)
		})
	}
}

type (
	oldSeconds struct {
		ID        uint
		DeletedAt soft_delete.DeletedAt
	}
	newSeconds struct {
		ID        uint
		DeletedAt uint `softdelete:"timestamp"`
	}
	oldMillis struct {
		ID        uint
		DeletedAt soft_delete.DeletedAt `gorm:"softDelete:milli"`
	}
	newMillis struct {
		ID        uint
		DeletedAt uint `softdelete:"timestamp;unit:ms"`
	}
	oldNanos struct {
		ID        uint
		DeletedAt soft_delete.DeletedAt `gorm:"softDelete:nano"`
	}
	newNanos struct {
		ID        uint
		DeletedAt uint `softdelete:"timestamp;unit:ns"`
	}
	oldFlag struct {
		ID        uint
		Deleted   soft_delete.DeletedAt `gorm:"softDelete:flag,DeletedAtField:DeletedAt"`
		DeletedAt int64
	}
	newFlag struct {
		ID        uint
		Deleted   uint  `softdelete:"flag"`
		DeletedAt int64 `softdelete:"at"`
	}
)

// oneTable gives both models of a pair the same table.
type oneTable struct{ schema.NamingStrategy }

func (oneTable) TableName(string) string { return "rows" }

func TestATableOfThatPluginGoesOnWithAPlainFieldAndATag(t *testing.T) {
	for name, c := range map[string]struct{ old, new any }{
		"seconds":      {&oldSeconds{}, &newSeconds{}},
		"milliseconds": {&oldMillis{}, &newMillis{}},
		"nanoseconds":  {&oldNanos{}, &newNanos{}},
		"flag":         {&oldFlag{}, &newFlag{}},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				old := database.Open(t, &gorm.Config{NamingStrategy: oneTable{}})
				require.NoError(t, old.AutoMigrate(c.old))
				for range 3 {
					require.NoError(t, old.Create(reflect.New(reflect.TypeOf(c.old).Elem()).Interface()).Error)
				}
				require.NoError(t, old.Where("id < 3").Delete(c.old).Error)

				db := database.Open(t, &gorm.Config{NamingStrategy: oneTable{}})
				require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{c.new}})))
				require.NoError(t, db.AutoMigrate(c.new))
				live := func() (ids []int) {
					require.NoError(t, db.Model(c.new).Order("id").Pluck("id", &ids).Error)
					return ids
				}
				require.Equal(t, []int{3}, live())
				require.NoError(t, db.Where("id = 3").Delete(c.new).Error)
				require.Empty(t, live())
				_, err := softdelete.Restore(db.Where("id <> 1"), c.new)
				require.NoError(t, err)
				require.Equal(t, []int{2, 3}, live())
			})
		})
	}
}
