package hold_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// holdBoss has no rule: the database itself removes what is under it.
	holdBoss struct {
		ID   uint
		Subs []holdSub `gorm:"foreignKey:BossID;constraint:OnDelete:CASCADE"`
	}
	holdSub struct {
		ID     uint
		BossID *uint
		Leaves []holdLeaf `gorm:"foreignKey:SubID;constraint:OnDelete:SET NULL"`
	}
	holdLeaf struct {
		ID    uint
		SubID *uint
	}
	holdPair struct {
		Part, Name string `gorm:"primaryKey"`
	}
	holdDigest struct {
		Sum []byte `gorm:"primaryKey;size:32"`
	}
	holdReading struct {
		At time.Time `gorm:"primaryKey"`
	}
)

// holdKeysDB opens a database with holds, whose foreign keys are enforced.
func holdKeysDB(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&holdBoss{}, &holdSub{}, &holdLeaf{}, &holdPair{}, &holdDigest{}, &holdReading{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true})
	return db
}

func TestHoldKeepsTheDatabaseFromRemovingRowsByItself(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := holdKeysDB(t, database)
		boss := holdBoss{Subs: []holdSub{{Leaves: []holdLeaf{{}}}}}
		require.NoError(t, db.Create(&boss).Error)
		sub := boss.Subs[0]
		id, err := softdelete.Hold(db, &holdSub{ID: sub.ID}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		err = db.Delete(&holdBoss{ID: boss.ID}).Error
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.ErrorContains(t, err, string(id))
		require.ErrorContains(t, err, "case 7")
		for _, model := range []any{&holdBoss{}, &holdSub{}, &holdLeaf{}} {
			var rows int64
			require.NoError(t, db.Model(model).Count(&rows).Error)
			require.EqualValues(t, 1, rows)
		}
		require.NoError(t, db.Delete(&holdBoss{}, "id > ?", boss.ID).Error, "what touches no held row goes on")
		require.NoError(t, softdelete.Release(db, id))
		require.NoError(t, db.Delete(&holdBoss{ID: boss.ID}).Error)
	})
}

func TestHoldCoversKeysOfEveryKind(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.FixedZone("", 2*3600))
	for fact, c := range map[string]struct{ held, other any }{
		"a comma in a part": {&holdPair{"a,b", "c"}, &holdPair{"a", "b,c"}},
		"bytes":             {&holdDigest{[]byte{0xff, 0, 1}}, &holdDigest{[]byte{0xff, 0, 2}}},
		"a time in a zone":  {&holdReading{at}, &holdReading{at.Add(time.Second)}},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := holdKeysDB(t, database)
				require.NoError(t, db.Create(c.held).Error)
				require.NoError(t, db.Create(c.other).Error)
				_, err := softdelete.Hold(db, c.held, softdelete.HoldOptions{Matter: "m"})
				require.NoError(t, err)
				require.ErrorIs(t, db.Delete(c.held).Error, softdelete.ErrHeld)
				require.NoError(t, db.Delete(c.other).Error)
			})
		})
	}
}

func TestHoldsThatEarlierVersionsPlacedAreObeyed(t *testing.T) {
	type earlierSeat struct {
		Hall string `gorm:"primaryKey"`
		Row  string `gorm:"primaryKey"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&earlierSeat{}}, Holds: true})
		require.NoError(t, db.Create(&[]earlierSeat{{"a,b", "c"}, {"a", "b,c"}}).Error)
		id, err := softdelete.Hold(db, &earlierSeat{"a,b", "c"}, softdelete.HoldOptions{Matter: "case"})
		require.NoError(t, err)
		require.NoError(t, db.Table("softdelete_holds").Where("id = ?", string(id)).Update("parts", `["a,b","c"]`).Error) // as they wrote it
		require.ErrorIs(t, db.Delete(&earlierSeat{"a,b", "c"}).Error, softdelete.ErrHeld)
		require.NoError(t, db.Delete(&earlierSeat{"a", "b,c"}).Error)
	})
}
