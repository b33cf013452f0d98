package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A link with personal data of its own, by strategy. Adding a link again brings a deleted one back, but for one that is erased.
type (
	linkGroup  struct{ ID uint }
	linkPerson struct {
		ID        uint
		Name      string         `pii:"fixed:-"`
		Groups    []linkGroup    `gorm:"many2many:link_members;joinForeignKey:PersonID;joinReferences:GroupID"`
		Rooms     []linkGroup    `gorm:"many2many:link_rooms;joinForeignKey:PersonID;joinReferences:GroupID"`
		DeletedAt gorm.DeletedAt `softdelete:"timestamp"`
	}
	linkMember struct {
		PersonID  uint    `gorm:"primaryKey" pii:"subject:linkPerson"`
		GroupID   uint    `gorm:"primaryKey"`
		Nick      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
	}
	linkRoom struct {
		PersonID uint   `gorm:"primaryKey" pii:"subject:linkPerson"`
		GroupID  uint   `gorm:"primaryKey"`
		Sign     string `gorm:"default:x" pii:"fixed:-"`
		Gone     bool   `softdelete:"flag"`
	}
)

func TestAnErasedLinkThatIsAddedAgainDoesNotComeBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&linkPerson{}, "Groups", &linkMember{}))
		require.NoError(t, db.SetupJoinTable(&linkPerson{}, "Rooms", &linkRoom{}))
		models := []any{&linkPerson{}, &linkGroup{}, &linkMember{}, &linkRoom{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		first, second := linkGroup{ID: 1}, linkGroup{ID: 2}
		for id := uint(1); id <= 2; id++ {
			both := []linkGroup{first, second}
			require.NoError(t, db.Create(&linkPerson{ID: id, Name: "canary", Groups: both, Rooms: both}).Error)
		}
		fixture.Exec(t, db, "UPDATE link_members SET nick = 'canary'", "UPDATE link_rooms SET sign = 'canary'")
		for id := uint(1); id <= 2; id++ {
			for _, relation := range []string{"Groups", "Rooms"} {
				require.NoError(t, db.Model(&linkPerson{ID: id}).Association(relation).Delete(&first))
			}
		}
		_, err := softdelete.Erase(db, &linkPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		before := fixture.Dump(t, db, models...)
		for _, relation := range []string{"Groups", "Rooms"} {
			for name, add := range map[string]func() error{
				"Append":  func() error { return db.Model(&linkPerson{ID: 1}).Association(relation).Append(&first) },
				"Replace": func() error { return db.Model(&linkPerson{ID: 1}).Association(relation).Replace(&second, &first) },
				"Save": func() error {
					return db.Select(relation).Save(&linkPerson{ID: 1, Name: "-", Groups: []linkGroup{first}, Rooms: []linkGroup{first}}).Error
				},
			} {
				var erased *softdelete.ErasedError
				require.ErrorAs(t, add(), &erased, name+" "+relation)
				require.Equal(t, "1,1", erased.Key)
				require.Equal(t, before, fixture.Dump(t, db, models...), name+" "+relation)
			}
			require.NoError(t, db.Model(&linkPerson{ID: 1}).Association(relation).Append(&second), "a live link is left as it is")
			require.Equal(t, before, fixture.Dump(t, db, models...))
			require.NoError(t, db.Model(&linkPerson{ID: 2}).Association(relation).Append(&first), "another's link comes back")
			require.EqualValues(t, 2, db.Model(&linkPerson{ID: 2}).Association(relation).Count())
			before = fixture.Dump(t, db, models...)
		}
		// What the error says leads to a new link.
		require.NoError(t, db.Unscoped().Delete(&linkMember{PersonID: 1, GroupID: 1}).Error)
		require.NoError(t, db.Create(&linkMember{PersonID: 1, GroupID: 1}).Error)
	})
}
