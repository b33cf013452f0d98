package archive_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	archiveSinger struct {
		ID        uint
		Name      string
		Songs     []archiveSong `gorm:"many2many:archive_parts;constraint:-" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	archiveSong struct {
		ID   uint
		Name string
	}
	// archivePart is a link that moves.
	archivePart struct {
		_               struct{} `softdelete:"archive"`
		ArchiveSingerID uint     `gorm:"primaryKey"`
		ArchiveSongID   uint     `gorm:"primaryKey"`
		Since           time.Time
	}
	// archiveOrder stands in a schema, under a name that SQL has for itself.
	archiveOrder struct {
		_      struct{}           `softdelete:"archive"`
		Group  string             `gorm:"primaryKey;column:group"`
		Number int                `gorm:"primaryKey;autoIncrement:false;column:Select"`
		From   *string            `gorm:"column:from;uniqueIndex"`
		Lines  []archiveOrderLine `gorm:"foreignKey:OrderGroup,OrderNumber;references:Group,Number" softdelete:"cascade"`
	}
	archiveOrderLine struct {
		_           struct{} `softdelete:"archive;table:kept.user"`
		ID          uint
		OrderGroup  string
		OrderNumber int
		At          time.Time
		Data        []byte
	}
)

func (archiveOrder) TableName() string     { return "sales.order" }
func (archiveOrderLine) TableName() string { return "sales.line" }

func TestArchiveOfLinks(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&archiveSinger{}, "Songs", &archivePart{}))
		models := []any{&archiveSinger{}, &archiveSong{}, &archivePart{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(models...))
		singer := &archiveSinger{ID: 1, Songs: []archiveSong{{ID: 1}, {ID: 2}, {ID: 3}}}
		require.NoError(t, db.Create(singer).Error)
		links := func() [2]int {
			return [2]int{fixture.Rows(t, db, "archive_parts"), fixture.Rows(t, db, "archive_parts_archive")}
		}
		one := func() *archiveSinger { return &archiveSinger{ID: 1} }
		songs := func(tx *gorm.DB) (ids []uint) {
			tx = tx.Session(&gorm.Session{})
			var list []archiveSong
			require.NoError(t, tx.Model(one()).Order("archive_songs.id").Association("Songs").Find(&list))
			require.EqualValues(t, len(list), tx.Model(one()).Association("Songs").Count())
			var loaded archiveSinger
			require.NoError(t, tx.Preload("Songs", func(tx *gorm.DB) *gorm.DB { return tx.Order("id") }).First(&loaded, 1).Error)
			require.Equal(t, list, loaded.Songs)
			for _, song := range list {
				ids = append(ids, song.ID)
			}
			return ids
		}
		require.NoError(t, db.Model(one()).Association("Songs").Delete(&archiveSong{ID: 2}))
		require.Equal(t, [2]int{2, 1}, links())
		require.Equal(t, []uint{1, 3}, songs(db))
		require.Equal(t, []uint{1, 2, 3}, songs(db.Clauses(softdelete.WithDeleted)))

		require.NoError(t, db.Model(one()).Association("Songs").Append(&archiveSong{ID: 2}))
		require.Equal(t, [2]int{3, 1}, links(), "a link that is added again is one live link")
		require.Equal(t, []uint{1, 2, 3}, songs(db))
		require.NoError(t, db.Model(one()).Association("Songs").Replace(&archiveSong{ID: 1}))
		require.Equal(t, [2]int{1, 3}, links())

		require.NoError(t, db.Delete(one()).Error)
		require.Equal(t, [2]int{0, 4}, links())
		_, err := softdelete.Restore(db, one())
		require.NoError(t, err)
		require.Equal(t, [2]int{1, 3}, links())
		require.Equal(t, []uint{1}, songs(db))
		require.NoError(t, db.Model(one()).Association("Songs").Clear())
		require.Equal(t, [2]int{0, 4}, links())
	})
}

func TestArchiveInSchemas(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveOrder{}, &archiveOrderLine{}}})
		fixture.Exec(t, db, "DROP SCHEMA IF EXISTS sales CASCADE", "DROP SCHEMA IF EXISTS kept CASCADE", "CREATE SCHEMA sales", "CREATE SCHEMA kept")
		t.Cleanup(func() {
			fixture.Exec(t, db, "DROP SCHEMA sales CASCADE", "DROP SCHEMA kept CASCADE")
		})
		require.NoError(t, db.AutoMigrate(&archiveOrder{}, &archiveOrderLine{}))
		statements, err := softdelete.DDL(db, &archiveOrder{}, &archiveOrderLine{})
		require.NoError(t, err)
		require.Empty(t, statements)
		lines := func() []archiveOrderLine {
			return []archiveOrderLine{{ID: 1, At: time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC), Data: []byte{0}}, {ID: 2}}
		}
		from := "x,y"
		require.NoError(t, db.Create(&archiveOrder{Group: "a,b", Number: 1, From: &from, Lines: lines()}).Error)
		require.NoError(t, db.Create(&archiveOrder{Group: "a,b", Number: 2}).Error)
		before := archiveRow(t, db, "sales.line")
		report, err := softdelete.Delete(db, &archiveOrder{Group: "a,b", Number: 1})
		require.NoError(t, err)
		require.Equal(t, []softdelete.Effect{
			{Table: "sales.order", Action: softdelete.ActionArchived, Rows: 1},
			{Table: "sales.line", Relation: "Lines", Parent: "sales.order", Action: softdelete.ActionArchived, Rows: 2},
		}, report.Effects)
		require.Equal(t, 2, fixture.Rows(t, db, "kept.user"))
		var all []archiveOrder
		require.NoError(t, db.Clauses(softdelete.WithDeleted).Preload("Lines").Order(clause.OrderByColumn{Column: clause.Column{Name: "Select"}}).Find(&all).Error)
		require.Len(t, all, 2)
		require.Len(t, all[0].Lines, 2)
		var n int64
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Model(&archiveOrder{}).Where(&archiveOrder{Group: "a,b"}).Count(&n).Error)
		require.EqualValues(t, 1, n)
		_, err = softdelete.Restore(db, &archiveOrder{Group: "a,b", Number: 1})
		require.NoError(t, err)
		require.Equal(t, before, archiveRow(t, db, "sales.line"))
		require.NoError(t, db.Where(&archiveOrder{Group: "a,b"}).Delete(&archiveOrder{}).Error)
		require.Equal(t, 0, fixture.Rows(t, db, "sales.order"))
		require.NoError(t, db.AutoMigrate(&archiveOrder{}, &archiveOrderLine{}))
	})
}

func TestArchiveViewsOfOtherTablesAreRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		require.NoError(t, db.Delete(&archiveBill{ID: 1}).Error)
		sub := func() *gorm.DB { return db.Model(&archiveBill{}).Select("id") }
		var bills []archiveBill
		for name, tx := range map[string]*gorm.DB{
			"a list with a sub-query": db.Table("(?) AS x, archive_bills", sub()),
			"a list":                  db.Table("archive_bills, archive_notes"),
			"a join":                  db.Table("archive_bills b JOIN archive_notes n ON n.bill_id = b.id"),
			"another table":           db.Table("other_bills"),
			"another schema":          db.Table("other.archive_bills"),
		} {
			for view, opened := range map[string]*gorm.DB{"all": tx.Session(&gorm.Session{}).Clauses(softdelete.WithDeleted), "deleted": tx.Session(&gorm.Session{}).Clauses(softdelete.OnlyDeleted), "unscoped": tx.Session(&gorm.Session{}).Unscoped()} {
				err := opened.Find(&bills).Error
				require.ErrorIs(t, err, softdelete.ErrUnsupported, "%s, %s", name, view)
				require.ErrorContains(t, err, "archive_bills_archive")
			}
		}
		for name, tx := range map[string]*gorm.DB{
			"its own name":           db.Table("archive_bills"),
			"an alias":               db.Table("archive_bills b"),
			"an alias in quotes":     db.Table(`"archive_bills" AS "b"`),
			"a sub-query of its own": db.Table("(?) AS x", db.Unscoped().Model(&archiveBill{})),
		} {
			require.NoError(t, tx.Unscoped().Find(&bills).Error, name)
			require.Len(t, bills, 2, name)
		}
		require.NoError(t, db.Unscoped().Table("archive_bills_archive").Find(&bills).Error, "the archive itself")
		require.Len(t, bills, 1)
		var n int64
		require.NoError(t, db.Table("(?) AS x, archive_owners", db.Unscoped().Model(&archiveBill{})).Model(&archiveBill{}).Count(&n).Error)
		require.EqualValues(t, 2, n, "what the error advises")
		for _, err := range []error{
			db.Table("other_bills").Delete(&archiveBill{ID: 1}).Error,
			db.Table("archive_bills AS b").Delete(&archiveBill{ID: 1}).Error,
		} {
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "without db.Table")
		}
		_, err := softdelete.Restore(db.Table("other_bills"), &archiveBill{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "db.Table")
	})
}
