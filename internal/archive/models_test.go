package archive_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// archiveOwner is marked in place, with archived bills under it.
	archiveOwner struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
		Bills     []archiveBill `gorm:"foreignKey:OwnerID;constraint:-" softdelete:"cascade"`
	}
	// archiveBill moves away, with notes that are marked and lines that move under it.
	archiveBill struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		OwnerID *uint
		Number  string `gorm:"uniqueIndex"`
		Amount  int
		Lines   []archiveLine `gorm:"foreignKey:BillID" softdelete:"cascade"`
		Notes   []archiveNote `gorm:"foreignKey:BillID;constraint:-" softdelete:"cascade"`
		Seals   []archiveSeal `gorm:"foreignKey:BillID"`
	}
	archiveLine struct {
		_      struct{} `softdelete:"archive;table:old_lines"`
		ID     uint
		BillID uint
		Text   string
	}
	archiveNote struct {
		ID         uint
		BillID     uint
		State      string `softdelete:"status"`
		DeletionID softdelete.DeletionID
	}
	// archiveSeal stays, and its foreign key holds its bill.
	archiveSeal struct {
		ID     uint
		BillID uint
	}
	// archiveTree refers to itself.
	archiveTree struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Children []archiveTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
)

var archiveModels = []any{&archiveOwner{}, &archiveBill{}, &archiveLine{}, &archiveNote{}, &archiveSeal{}, &archiveTree{}}

// archiveOpen gives a database with an owner, two bills of two lines and a note each.
func archiveOpen(t *testing.T, database *testdb.Database, config softdelete.Config) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	config.Models = archiveModels
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(append(archiveModels, softdelete.Tables()...)...))
	owner := uint(1)
	require.NoError(t, db.Create(&archiveOwner{ID: 1, Name: "o"}).Error)
	for i := uint(1); i <= 2; i++ {
		require.NoError(t, db.Create(&archiveBill{
			ID: i, OwnerID: &owner, Number: string(rune('a' + i)), Amount: int(i) * 10,
			Lines: []archiveLine{{ID: i * 10, Text: "x"}, {ID: i*10 + 1, Text: "y"}},
			Notes: []archiveNote{{ID: i, State: "draft"}},
		}).Error)
	}
	return db
}

// archiveTables are the numbers of rows of the fixture's tables.
func archiveTables(t *testing.T, db *gorm.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"archive_bills", "archive_bills_archive", "archive_lines", "old_lines"} {
		counts[table] = fixture.Rows(t, db, table)
	}
	counts["live notes"] = fixture.Rows(t, db, "archive_notes", "state <> ?", "deleted")
	return counts
}

func archiveContext(t *testing.T) context.Context {
	return softdelete.WithReason(softdelete.WithActor(t.Context(), "ann"), "paid")
}
