package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	archiveBadColumn struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Reason string
	}
	archiveBadNumber struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		ArchiveID uint
	}
	archiveBadCompanion struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Mark softdelete.DeletionID `gorm:"column:archive_id"`
	}
	archiveBadTable struct {
		_  struct{} `softdelete:"archive;table:archive_bad_tables"`
		ID uint
	}
	archiveBadWord struct {
		_  struct{} `softdelete:"hard;table:other"`
		ID uint
	}
	archiveBadKey struct {
		_    struct{} `softdelete:"archive"`
		Name string
	}
	archiveBadParent struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Kids []archiveBadChild `gorm:"foreignKey:ParentID;constraint:OnDelete:CASCADE"`
	}
	archiveBadChild struct {
		ID        uint
		ParentID  uint
		DeletedAt gorm.DeletedAt
	}
	archiveRound struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		StopID  uint
		Stops   []archiveStop `gorm:"foreignKey:RoundID;constraint:-" softdelete:"cascade"`
		Ignored string
	}
	archiveStop struct {
		ID        uint
		RoundID   uint
		DeletedAt gorm.DeletedAt
		Rounds    []archiveRound `gorm:"foreignKey:StopID;constraint:-" softdelete:"cascade"`
	}
)

func TestArchiveTagsThatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		model any
		text  string
		is    error
	}{
		"a column of the archive's own": {&archiveBadColumn{}, "archiveBadColumn.Reason: the archive table has a column reason", softdelete.ErrPolicy},
		"the archive's own number":      {&archiveBadNumber{}, "archiveBadNumber.ArchiveID: the archive table has a column archive_id of its own; name the model's otherwise", softdelete.ErrPolicy},
		"a companion of that name":      {&archiveBadCompanion{}, "archiveBadCompanion.Mark: the archive table has a column archive_id", softdelete.ErrPolicy},
		"the table itself":              {&archiveBadTable{}, "the archive table is the model's own", softdelete.ErrPolicy},
		"a table without archive":       {&archiveBadWord{}, `"table" belongs to the strategy archive`, softdelete.ErrPolicy},
		"no key":                        {&archiveBadKey{}, "archive needs a primary key", softdelete.ErrPolicy},
		"rows that the database drops":  {&archiveBadParent{}, "archiveBadParent.Kids: OnDelete:CASCADE would change or delete rows", softdelete.ErrPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			err := testdb.SQLite(t).Open(t).Use(softdelete.New(softdelete.Config{Models: []any{c.model}}))
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.text)
		})
	}
	t.Run("a cycle over another model", func(t *testing.T) {
		db := fixture.Use(t, testdb.SQLite(t), softdelete.Config{Models: []any{&archiveRound{}, &archiveStop{}}})
		require.NoError(t, db.AutoMigrate(&archiveRound{}, &archiveStop{}))
		require.ErrorIs(t, db.Delete(&archiveRound{ID: 1}).Error, softdelete.ErrUnsupported)
	})
}
