package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// concVoucher comes back in numbers that are not restored by their keys.
type concVoucher struct {
	_     struct{} `softdelete:"archive"`
	ID    uint
	Batch int
}

func TestRestoreOfManyArchivedRowsAgainstWhatTouchesOneOfThem(t *testing.T) {
	eachConc(t, testRestoreOfManyArchivedRowsAgainstWhatTouchesOneOfThem)
}

func testRestoreOfManyArchivedRowsAgainstWhatTouchesOneOfThem(t *testing.T) {
	s := newConcStage(t, &concVoucher{})
	const vouchers = 120
	restore := func(db *gorm.DB) error {
		_, err := softdelete.Restore(db.Where("batch = 1"), &concVoucher{})
		return err
	}
	facts := map[string]struct {
		second func(db *gorm.DB) error
		check  func()
	}{
		"its key is used and archived again": {func(db *gorm.DB) error {
			if err := concTranslate(db, db.Create(&concVoucher{ID: 7, Batch: 2}).Error); err != nil {
				return err
			}
			return db.Delete(&concVoucher{ID: 7}).Error
		}, func() {
			archived := s.rows("SELECT batch FROM conc_vouchers_archive WHERE id = 7 ORDER BY archive_id")
			switch live := s.rows("SELECT batch FROM conc_vouchers WHERE id = 7"); live {
			case "1": // the key was used in vain
				require.Empty(t, archived)
			default:
				require.Empty(t, live)
				require.Equal(t, "1 2", archived)
			}
			require.Equal(t, "119", s.rows("SELECT count(*) FROM conc_vouchers WHERE batch = 1 AND id <> 7"))
		}},
		"it comes back by itself": {concRestore(&concVoucher{ID: 7}), func() {
			require.Equal(t, "120", s.rows("SELECT count(*) FROM conc_vouchers"))
			require.Equal(t, "0", s.rows("SELECT count(*) FROM conc_vouchers_archive"))
		}},
		"all come back": {restore, func() {
			require.Equal(t, "120", s.rows("SELECT count(*) FROM conc_vouchers"))
			require.Equal(t, "0", s.rows("SELECT count(*) FROM conc_vouchers_archive"))
		}},
		"it comes back by itself and is archived again": {func(db *gorm.DB) error {
			if err := concRestore(&concVoucher{ID: 7})(db); err != nil {
				return err
			}
			return db.Delete(&concVoucher{ID: 7}).Error
		}, func() {
			require.Equal(t, "120", s.rows("SELECT count(*) FROM (SELECT id FROM conc_vouchers UNION ALL SELECT id FROM conc_vouchers_archive) AS a"))
			require.Equal(t, "119", s.rows("SELECT count(*) FROM conc_vouchers WHERE id <> 7"))
		}},
		"it is removed for good": {func(db *gorm.DB) error {
			return db.Unscoped().Exec("DELETE FROM conc_vouchers_archive WHERE id = 7").Error
		}, func() {
			require.Equal(t, "119", s.rows("SELECT count(*) FROM conc_vouchers WHERE id <> 7"))
			require.Equal(t, "0", s.rows("SELECT count(*) FROM conc_vouchers_archive"))
		}},
	}
	for name, fact := range facts {
		t.Run(name, func(t *testing.T) {
			s.eachStatement(func(n int) *concStop {
				require.NoError(t, s.spectator.Exec("DELETE FROM conc_vouchers_archive").Error)
				fixture.Exec(t, s.spectator, fixture.Series("conc_vouchers (id, batch)", vouchers, "i, 1"))
				require.NoError(t, s.actors[0].Where("batch = 1").Delete(&concVoucher{}).Error)
				stop := s.pair(n, restore, fact.second, gorm.ErrDuplicatedKey)
				fact.check()
				return stop
			})
		})
	}
}

func TestARestoreOfManyArchivedRowsWaitsForWhoHasLockedOneOfThem(t *testing.T) {
	eachConc(t, testARestoreOfManyArchivedRowsWaitsForWhoHasLockedOneOfThem)
}

func testARestoreOfManyArchivedRowsWaitsForWhoHasLockedOneOfThem(t *testing.T) {
	s := newConcStage(t, &concVoucher{})
	const vouchers = 120
	var id softdelete.DeletionID
	calls := map[string]func(db *gorm.DB) error{
		"by a condition": func(db *gorm.DB) error {
			_, err := softdelete.Restore(db.Where("batch = 1"), &concVoucher{})
			return err
		},
		"by the deletion's ID": func(db *gorm.DB) error {
			_, err := softdelete.RestoreDeletion(db, id)
			return err
		},
		"in a transaction": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				_, err := softdelete.Restore(tx.Where("batch = 1"), &concVoucher{})
				return err
			})
		},
	}
	for name, restore := range calls {
		for end, left := range map[string]string{"ROLLBACK": "120", "COMMIT": "119"} {
			t.Run(name+", then "+end, func(t *testing.T) {
				s.empty()
				require.NoError(t, s.spectator.Exec("DELETE FROM conc_vouchers_archive").Error)
				fixture.Exec(t, s.spectator, fixture.Series("conc_vouchers (id, batch)", vouchers, "i, 1"))
				report, err := softdelete.Delete(s.actors[0].Where("batch = 1"), &concVoucher{})
				require.NoError(t, err)
				id = report.DeletionID

				holder := s.spectator.Begin()
				require.NoError(t, holder.Exec("DELETE FROM conc_vouchers_archive WHERE id = 7").Error)
				run := s.actor().start(restore).waits()
				if end == "COMMIT" {
					require.NoError(t, holder.Commit().Error)
				} else {
					require.NoError(t, holder.Rollback().Error)
				}
				require.NoError(t, run.result())
				require.Equal(t, left, s.rows("SELECT count(*) FROM conc_vouchers"))
				require.Equal(t, "0", s.rows("SELECT count(*) FROM conc_vouchers_archive"))
			})
		}
	}
}
