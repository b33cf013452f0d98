package concurrency_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// A vault with boxes, which are destroyed in all the ways that there are while a hold is placed on the vault.
type (
	concVault struct {
		ID        uint
		Owner     string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Boxes     []concBox      `gorm:"foreignKey:VaultID" softdelete:"cascade"`
	}
	concBox struct {
		_         struct{} `pii:"delete"`
		ID        uint
		VaultID   uint
		Owner     string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
)

// concDestroy destroys rows of the vault 1, and tells whether it did.
var concDestroy = map[string]struct {
	deleted bool // the vault was deleted long ago
	alone   bool // it has transactions of its own only
	call    func(db *gorm.DB) error
}{
	"a removal of the row":        {call: concRemove(&concVault{ID: 1})},
	"a removal of a row under it": {call: concRemove(&concBox{ID: 1})},
	"a removal by a condition":    {call: func(db *gorm.DB) error { return db.Unscoped().Where("vault_id = 1").Delete(&concBox{}).Error }},
	"an erasure": {call: func(db *gorm.DB) error {
		_, err := softdelete.Erase(db, &concVault{ID: 1}, softdelete.ErasureRequest{})
		return err
	}},
	"a purge": {deleted: true, alone: true, call: func(db *gorm.DB) error {
		_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		return err
	}},
}

func TestAHoldIsPlacedBeforeRowsAreDestroyedOrAfter(t *testing.T) {
	eachConc(t, testAHoldIsPlacedBeforeRowsAreDestroyedOrAfter)
}

func testAHoldIsPlacedBeforeRowsAreDestroyedOrAfter(t *testing.T) {
	for name, destroy := range concDestroy {
		for _, callers := range []bool{false, true} {
			if callers && destroy.alone {
				continue
			}
			t.Run(fmt.Sprintf("%s, in a transaction of the caller's: %v", name, callers), func(t *testing.T) {
				s := newConcStage(t, &concVault{}, &concBox{})
				require.NoError(t, s.actor().AutoMigrate(softdelete.Tables()...))
				s.eachStatement(func(n int) *concStop {
					for _, table := range []string{"softdelete_holds", "softdelete_erased_rows"} {
						require.NoError(t, s.spectator.Exec("DELETE FROM "+table).Error)
					}
					old := time.Now().AddDate(0, -2, 0)
					vault, box := &concVault{ID: 1, Owner: "Ann"}, &concBox{ID: 1, VaultID: 1, Owner: "Ann"}
					if destroy.deleted {
						vault.DeletedAt, box.DeletedAt = gorm.DeletedAt{Time: old, Valid: true}, gorm.DeletedAt{Time: old, Valid: true}
					}
					s.create(vault, box)
					one := s.actor()
					stop := one.stopBeforeNumber(n)
					destroying := one.start(func(db *gorm.DB) error {
						if !callers {
							return destroy.call(db)
						}
						return db.Transaction(func(tx *gorm.DB) error {
							var seen int64
							if err := tx.Model(&concBox{}).Count(&seen).Error; err != nil { // it may see this until its end
								return err
							}
							return destroy.call(tx)
						})
					})
					stop.wait(destroying)
					ended := destroying.ended()
					holding := s.actor().start(func(db *gorm.DB) error {
						_, err := softdelete.Hold(db, &concVault{ID: 1}, softdelete.HoldOptions{Matter: "m"})
						return err
					})
					first := !holding.waitsOrEnds() && !ended
					stop.goOn()
					err, failed := destroying.result(), holding.result()
					about := fmt.Sprintf("stopped before statement %d, the hold was placed meanwhile: %v", n, first)
					whole := s.left() == "1 1"
					require.True(t, whole || !first, about)
					switch {
					case err != nil:
						require.ErrorIs(t, err, softdelete.ErrHeld, about)
						require.True(t, whole, about)
						require.NoError(t, failed, about)
					case whole: // a purge leaves what is held
						require.True(t, destroy.alone, about)
						require.NoError(t, failed, about)
					case failed != nil:
						require.ErrorIs(t, failed, gorm.ErrRecordNotFound, about)
					}
					return stop
				})
			})
		}
	}
}

// left says what is left of the vault.
func (s *concStage) left() string {
	s.t.Helper()
	var vaults, boxes int64
	require.NoError(s.t, s.spectator.Unscoped().Model(&concVault{}).Where("owner = 'Ann'").Count(&vaults).Error)
	require.NoError(s.t, s.spectator.Unscoped().Model(&concBox{}).Where("owner = 'Ann'").Count(&boxes).Error)
	return fmt.Sprint(vaults, boxes)
}
