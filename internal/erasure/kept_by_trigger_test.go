package erasure_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	gdprKeptGuest struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		Name     string            `pii:"fixed:[erased]"`
		Cards    []gdprKeptCard    `gorm:"foreignKey:GuestID;constraint:-"`
		Vouchers []gdprKeptVoucher `gorm:"foreignKey:GuestID;constraint:-" softdelete:"cascade"`
	}
	// gdprKeptCard goes with its guest's data, and so does a voucher from its archive.
	gdprKeptCard struct {
		_       struct{} `pii:"delete" softdelete:"events"`
		ID      uint
		GuestID uint
		Number  string
	}
	gdprKeptVoucher struct {
		_       struct{} `pii:"delete" softdelete:"archive"`
		ID      uint
		GuestID uint
		Number  string
	}
)

// A trigger of the application may keep a row in its table, and raise no error; on MySQL it cannot.
func TestAnErasureIsRefusedWhereATriggerKeepsARowThatItDeletes(t *testing.T) {
	for _, table := range []string{"gdpr_kept_cards", "gdpr_kept_vouchers", "gdpr_kept_vouchers_archive", "gdpr_kept_guests"} {
		for _, rows := range []int{8, 150} {
			t.Run(fmt.Sprint(table, " of ", rows), func(t *testing.T) {
				testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
					db := fixture.Models(t, database, []any{&gdprKeptGuest{}, &gdprKeptCard{}, &gdprKeptVoucher{}})
					require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
					guest := gdprKeptGuest{ID: 7, Name: "Ann"}
					for id := range uint(rows) {
						guest.Cards = append(guest.Cards, gdprKeptCard{ID: id + 1, Number: "secret"})
						guest.Vouchers = append(guest.Vouchers, gdprKeptVoucher{ID: id + 1, Number: "secret"})
					}
					require.NoError(t, db.Create(&guest).Error)
					if table == "gdpr_kept_vouchers_archive" {
						require.NoError(t, db.Where("id > 0").Delete(&gdprKeptVoucher{}).Error)
					}
					if database.Name == "sqlite" {
						fixture.Exec(t, db, "CREATE TRIGGER keeps BEFORE DELETE ON "+table+" WHEN OLD.id = 7 BEGIN SELECT RAISE(IGNORE); END")
					} else {
						fixture.Exec(t, db, "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = 7 THEN RETURN NULL; END IF; RETURN OLD; END $$",
							"CREATE TRIGGER keeps BEFORE DELETE ON "+table+" FOR EACH ROW EXECUTE FUNCTION keep()")
					}
					_, err := softdelete.Erase(db, &gdprKeptGuest{ID: 7}, softdelete.ErasureRequest{})
					require.Error(t, err)
					require.ErrorContains(t, err, table)
					require.ErrorContains(t, err, "trigger")
					require.NotContains(t, err.Error(), "secret")
					require.Equal(t, 1, fixture.Rows(t, db, "gdpr_kept_guests", "name = 'Ann'"))
					require.Equal(t, rows, fixture.Rows(t, db, "gdpr_kept_cards", "number = 'secret'"))
					require.Equal(t, rows, fixture.Rows(t, db, "gdpr_kept_vouchers")+fixture.Rows(t, db, "gdpr_kept_vouchers_archive"))
					certificates, err := softdelete.Certificates(db)
					require.NoError(t, err)
					require.Empty(t, certificates)
				})
			})
		}
	}
}
