package concurrency_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// concCrate is of a strategy that removes rows, or marks them, with others under it that are blocked or go along.
	concCrate struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		Wanted  bool
		Bottles []concBottle `gorm:"foreignKey:CrateID;constraint:-" softdelete:"cascade"`
		Seals   []concSeal   `gorm:"foreignKey:CrateID;constraint:-" softdelete:"block"`
	}
	concBottle struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		CrateID uint
	}
	concSeal struct {
		ID      uint
		CrateID uint
	}
	concBarrel struct {
		_      struct{} `softdelete:"hard"`
		ID     uint
		Wanted bool
		Hoops  []concHoop `gorm:"foreignKey:BarrelID;constraint:-" softdelete:"cascade"`
		Bungs  []concBung `gorm:"foreignKey:BarrelID;constraint:-" softdelete:"block"`
	}
	concHoop struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		BarrelID uint
	}
	concBung struct {
		ID       uint
		BarrelID uint
	}
)

// Many rows are not deleted by their keys: those that a condition tells may be others a moment later.
func TestDeletionOfManyRowsAgainstOneThatBeginsToFulfilTheCondition(t *testing.T) {
	eachConc(t, testDeletionOfManyRowsAgainstOneThatBeginsToFulfilTheCondition)
}

func testDeletionOfManyRowsAgainstOneThatBeginsToFulfilTheCondition(t *testing.T) {
	strategies := map[string]struct {
		models              []any
		parent              any
		parents, under, bar string
		column              string
	}{
		"archive": {[]any{&concCrate{}, &concBottle{}, &concSeal{}}, &concCrate{}, "conc_crates", "conc_bottles", "conc_seals", "crate_id"},
		"hard":    {[]any{&concBarrel{}, &concHoop{}, &concBung{}}, &concBarrel{}, "conc_barrels", "conc_hoops", "conc_bungs", "barrel_id"},
	}
	for name, c := range strategies {
		for fact, blocked := range map[string]bool{"goes with its rows, or stays with them": false, "stays where it is blocked": true} {
			t.Run(name+": it "+fact, func(t *testing.T) {
				s := newConcStage(t, c.models...)
				s.eachStatement(func(n int) *concStop {
					fixture.Exec(
						t, s.spectator, fixture.Series(c.parents+" (id, wanted)", 120, "i, i <> 2"),
						fixture.Series(c.under+" (id, "+c.column+")", 120, "i, i"),
					)
					if blocked {
						require.NoError(t, s.spectator.Exec("INSERT INTO "+c.bar+" (id, "+c.column+") VALUES (1, 2)").Error)
					}
					deleter := s.actor()
					stop := deleter.stopBeforeNumber(n)
					deletion := deleter.start(func(db *gorm.DB) error { return db.Where("wanted").Delete(c.parent).Error })
					stop.wait(deletion)
					// It may wait for a row that is locked already, until the deletion is through.
					change := s.actor().start(func(db *gorm.DB) error {
						return db.Exec("UPDATE " + c.parents + " SET wanted = true WHERE id = 2").Error
					})
					change.waitsOrEnds()
					stop.goOn()
					if err := deletion.result(); err != nil {
						require.ErrorIs(t, err, softdelete.ErrBlocked, "stopped before statement %d", n)
						require.True(t, blocked || strings.Contains(err.Error(), "try again"), "stopped before statement %d: %v", n, err)
					}
					require.NoError(t, change.result())
					parents, under := s.rows("SELECT id FROM "+c.parents+" ORDER BY id"), s.rows("SELECT "+c.column+" FROM "+c.under+" ORDER BY 1")
					require.Equal(t, parents, under, "stopped before statement %d", n)
					if blocked {
						require.Contains(t, parents, "2", "stopped before statement %d", n)
					}
					return stop
				})
			})
		}
	}
}
