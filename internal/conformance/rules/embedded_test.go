package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Relations of a struct that a model embeds twice.

type (
	twiceCity struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	twicePlace struct {
		CityID *uint
		City   *twiceCity `gorm:"constraint:-" softdelete:"guard"`
	}
	twicePerson struct {
		ID        uint
		Home      twicePlace `gorm:"embedded;embeddedPrefix:home_"`
		Work      twicePlace `gorm:"embedded;embeddedPrefix:work_"`
		DeletedAt gorm.DeletedAt
	}
	twiceHidden struct {
		CityID *uint
		City   *twiceCity `gorm:"constraint:-" softdelete:"lazy"`
	}
	twiceInner struct {
		Low twiceHidden `gorm:"embedded;embeddedPrefix:low_"`
	}
	twiceParcel struct {
		ID        uint
		From      twiceHidden `gorm:"embedded;embeddedPrefix:from_"`
		To        twiceInner  `gorm:"embedded;embeddedPrefix:to_"`
		DeletedAt gorm.DeletedAt
	}
)

func newTwice(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, []any{&twiceCity{}, &twicePerson{}, &twiceParcel{}})
	require.NoError(t, db.Create(&[]twiceCity{{ID: 1}, {ID: 2}}).Error)
	require.NoError(t, db.Delete(&twiceCity{ID: 1}).Error)
	return db
}

func TestAGuardOfAStructThatIsEmbeddedTwiceGuardsBoth(t *testing.T) {
	gone, live := uint(1), uint(2)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTwice(t, database)
		for name, person := range map[string]*twicePerson{
			"Home.City": {Home: twicePlace{CityID: &gone}, Work: twicePlace{CityID: &live}},
			"Work.City": {Home: twicePlace{CityID: &live}, Work: twicePlace{CityID: &gone}},
		} {
			err := db.Create(person).Error
			require.ErrorIs(t, err, softdelete.ErrParentDeleted, name)
			var parent *softdelete.ParentDeletedError
			require.ErrorAs(t, err, &parent)
			require.Equal(t, name, parent.Relation)
		}
		person := &twicePerson{ID: 9, Home: twicePlace{CityID: &live}, Work: twicePlace{CityID: &live}}
		require.NoError(t, db.Create(person).Error)
		for _, column := range []string{"home_city_id", "work_city_id"} {
			require.ErrorIs(t, db.Model(&twicePerson{ID: 9}).Update(column, 1).Error, softdelete.ErrParentDeleted, column)
		}
		require.NoError(t, db.Delete(person).Error)
		require.NoError(t, db.Unscoped().Model(&twicePerson{ID: 9}).UpdateColumn("home_city_id", nil).Error)
		require.NoError(t, db.Delete(&twiceCity{ID: 2}).Error)
		_, err := softdelete.Restore(db, &twicePerson{ID: 9})
		require.ErrorIs(t, err, softdelete.ErrParentDeleted, "a restore asks for both too")
	})
}

func TestALazyRelationOfAStructThatIsEmbeddedTwiceHidesByBoth(t *testing.T) {
	gone, live := uint(1), uint(2)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTwice(t, database)
		require.NoError(t, db.Create(&[]twiceParcel{
			{ID: 1, From: twiceHidden{CityID: &gone}, To: twiceInner{twiceHidden{CityID: &live}}},
			{ID: 2, From: twiceHidden{CityID: &live}, To: twiceInner{twiceHidden{CityID: &gone}}},
			{ID: 3, From: twiceHidden{CityID: &live}, To: twiceInner{twiceHidden{CityID: &live}}},
		}).Error)
		var ids []uint
		require.NoError(t, db.Model(&twiceParcel{}).Pluck("id", &ids).Error)
		require.Equal(t, []uint{3}, ids)
	})
}

func TestWithDeletedInFindsRelationsOfEmbeddedStructs(t *testing.T) {
	gone := uint(1)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTwice(t, database)
		require.NoError(t, db.Unscoped().Omit("Home.City", "Work.City").Create(&twicePerson{ID: 1}).Error)
		require.NoError(t, db.Exec("UPDATE twice_people SET home_city_id = 1, work_city_id = 1").Error)
		_ = gone
		load := func(paths ...string) (person twicePerson) {
			tx := db.Preload("Home.City").Preload("Work.City")
			if len(paths) > 0 {
				tx = tx.Clauses(softdelete.WithDeletedIn(paths...))
			}
			require.NoError(t, tx.Take(&person, 1).Error)
			return person
		}
		person := load()
		require.Nil(t, person.Home.City)
		person = load("Home.City")
		require.NotNil(t, person.Home.City)
		require.Nil(t, person.Work.City)
		person = load("Home.City", "Work.City")
		require.NotNil(t, person.Work.City)
		require.ErrorIs(t, db.Clauses(softdelete.WithDeletedIn("Home.Nobody")).Find(&[]twicePerson{}).Error, gorm.ErrUnsupportedRelation)
		require.NoError(t, db.Clauses(softdelete.WithDeletedIn("To.Low.City")).Preload("To.Low.City").Find(&[]twiceParcel{}).Error)
	})
}
