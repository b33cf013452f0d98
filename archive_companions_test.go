package softdelete_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
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
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&archiveReceipt{}}})))
		require.NoError(t, db.AutoMigrate(&archiveReceipt{}))
		statements, err := softdelete.DDL(db, &archiveReceipt{})
		require.NoError(t, err)
		require.Empty(t, statements)

		receipt := archiveReceipt{Number: "1"}
		require.NoError(t, db.Create(&receipt).Error)
		ctx := softdelete.WithReason(softdelete.WithActor(context.Background(), "ann"), "void")
		report, err := softdelete.Delete(db.WithContext(ctx), &receipt)
		require.NoError(t, err)
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
