package archive_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// archiveReceipt has companion columns under the names that an archive has for itself.
type archiveReceipt struct {
	_          struct{} `softdelete:"archive"`
	ID         uint
	Number     string `gorm:"uniqueIndex"`
	DeletionID softdelete.DeletionID
	Actor      string  `softdelete:"actor"`
	Reason     *string `softdelete:"reason"`
}

func TestCompanionsOfAnArchivedModelAreThoseOfItsArchive(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&archiveReceipt{}})
		statements, err := softdelete.DDL(db, &archiveReceipt{})
		require.NoError(t, err)
		require.Empty(t, statements)

		receipt := archiveReceipt{Number: "1"}
		require.NoError(t, db.Create(&receipt).Error)
		ctx := softdelete.WithReason(softdelete.WithActor(context.Background(), "ann"), "void")
		report, err := softdelete.Delete(db.WithContext(ctx), &receipt)
		require.NoError(t, err)
		require.Equal(t, archiveReceipt{ID: 1, Number: "1", DeletionID: report.DeletionID, Actor: "ann", Reason: new("void")}, receipt)
		for name, shown := range map[string]clause.Expression{"WithDeleted": softdelete.WithDeleted, "OnlyDeleted": softdelete.OnlyDeleted} {
			var archived archiveReceipt
			require.NoError(t, db.Clauses(shown).First(&archived).Error, name)
			require.Equal(t, archiveReceipt{ID: receipt.ID, Number: "1", DeletionID: report.DeletionID, Actor: "ann", Reason: new("void")}, archived, name)
		}

		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		var live archiveReceipt
		require.NoError(t, db.First(&live).Error)
		require.Equal(t, archiveReceipt{ID: receipt.ID, Number: "1"}, live)
	})
}

// archiveVoucher has them under other names.
type archiveVoucher struct {
	_         struct{} `softdelete:"archive"`
	ID        uint
	Removal   softdelete.DeletionID
	RemovedBy string  `softdelete:"actor"`
	Why       *string `softdelete:"reason"`
}

func TestCompanionsOfOtherNamesRepeatWhatTheArchiveSays(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&archiveVoucher{}})
		require.NoError(t, db.Create(&[]archiveVoucher{{ID: 1}, {ID: 2}}).Error)
		voucher := archiveVoucher{ID: 1}
		report, err := softdelete.Delete(db.WithContext(softdelete.WithActor(context.Background(), "ann")), &voucher)
		require.NoError(t, err)
		require.Equal(t, archiveVoucher{ID: 1, Removal: report.DeletionID, RemovedBy: "ann"}, voucher)
		require.NoError(t, db.Delete(&archiveVoucher{}, "id > ?", 1).Error)
		var archived []archiveVoucher
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Order("id").Find(&archived).Error)
		require.Equal(t, voucher, archived[0])
		require.NotEmpty(t, archived[1].Removal)
		require.Empty(t, archived[1].RemovedBy)

		_, err = softdelete.Restore(db, &archived)
		require.NoError(t, err)
		var live []archiveVoucher
		require.NoError(t, db.Order("id").Find(&live).Error)
		require.Equal(t, []archiveVoucher{{ID: 1}, {ID: 2}}, live)
		require.Equal(t, live, archived)
	})
}

type (
	archiveBasket struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Name  string
		Lines []archiveBasketLine `gorm:"foreignKey:BasketID"`
	}
	archiveBasketLine struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		BasketID uint
	}
)

func TestAnUpdateLeavesTheArchivedRowsAloneThatItsValueHasLoaded(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&archiveBasket{}, &archiveBasketLine{}}
		db := fixture.Models(t, database, models)
		order := archiveBasket{Lines: []archiveBasketLine{{}, {}}}
		require.NoError(t, db.Create(&order).Error)
		require.NoError(t, db.Delete(&archiveBasketLine{ID: order.Lines[0].ID}).Error)
		require.NoError(t, db.Model(&order).Update("name", "new").Error)
		var lines []archiveBasketLine
		require.NoError(t, db.Find(&lines).Error)
		require.Len(t, lines, 1)
		require.Equal(t, order.Lines[1].ID, lines[0].ID)
		require.ErrorIs(t, db.Save(&order.Lines[0]).Error, softdelete.ErrRowDeleted)
	})
}
