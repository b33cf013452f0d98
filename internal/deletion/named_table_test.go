package deletion_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// namedNode is deleted with all that is below it, in whichever table it stands.
	namedNode struct {
		ID         uint
		Name       string
		ParentID   *uint
		Children   []namedNode `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
		Notes      []namedNote `gorm:"foreignKey:NodeID;constraint:-" softdelete:"cascade"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	namedNote struct {
		ID        uint
		NodeID    uint
		DeletedAt gorm.DeletedAt
		By        softdelete.DeletionID
	}
	// namedCard is not deleted while a card under it is live.
	namedCard struct {
		ID        uint
		ParentID  *uint
		Children  []namedCard `gorm:"foreignKey:ParentID;constraint:-" softdelete:"block"`
		State     string      `softdelete:"status;deleted:gone;active:open"`
		Was       string      `softdelete:"previous"`
		ClosedAt  *time.Time  `softdelete:"at"`
		AfterSeen int         `gorm:"-"`
	}
	namedBill struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Text string
		Of   *uint
		Subs []namedBill `gorm:"foreignKey:Of;constraint:-" softdelete:"cascade"`
	}
	namedBook struct {
		_         struct{} `softdelete:"events"`
		ID        uint
		Title     string
		DeletedAt gorm.DeletedAt
	}
)

var namedModels = []any{&namedNode{}, &namedNote{}, &namedCard{}, &namedBill{}, &namedBook{}}

// filed is a schema.
var filed = "filed_" + strings.ToLower(rand.Text())

// names are ways to name a table in db.Table: what stands in the call, and the table's name.
var namedTables = map[string]struct{ call, table string }{
	"a name":                     {"copied", "copied"},
	"an alias":                   {"copied AS n", "copied"},
	"an alias in quotes":         {`"copied" AS "the nodes"`, "copied"},
	"a name with capitals":       {"Copied_2023", "Copied_2023"},
	"a name with a space":        {`"copied nodes"`, "copied nodes"},
	"capitals and a space":       {`"Copied Nodes" AS n`, "Copied Nodes"},
	"a schema":                   {filed + ".copied", filed + ".copied"},
	"a schema in quotes, and AS": {`"` + filed + `"."copied" AS n`, filed + ".copied"},
}

// openNamed opens a database with the models' tables, and has room for tables in the schema filed.
func openNamed(t *testing.T, database *testdb.Database, config softdelete.Config) *gorm.DB {
	db := database.Open(t)
	if db.Name() == "sqlite" {
		fixture.OneConnection(t, db) // ATTACH is the connection's
	}
	database.Schema(t, db, filed)
	config.Models = namedModels
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(namedModels...))
	if config.Ledger {
		require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
	}
	return db
}

// quoteName quotes a table's name.
func quoteName(db *gorm.DB, name string) string { return db.Statement.Quote(name) }

// ownQuotes has the database's own sign where the text has quotes around names.
func ownQuotes(db *gorm.DB, text string) string {
	return strings.ReplaceAll(text, `"`, quoteName(db, "n")[:1])
}

// copyTable makes another table of the columns and rows of one.
func copyTable(t *testing.T, db *gorm.DB, from, to string) {
	require.NoError(t, db.Exec("CREATE TABLE "+quoteName(db, to)+" AS SELECT * FROM "+quoteName(db, from)).Error)
}

// liveIDs lists the keys of a table's rows that fulfil a condition.
func liveIDs(t *testing.T, db *gorm.DB, table, condition string) []uint {
	ids := []uint{}
	require.NoError(t, db.Raw("SELECT id FROM "+quoteName(db, table)+" WHERE "+condition+" ORDER BY id").Scan(&ids).Error)
	return ids
}

// withoutKeys leaves out what only previews have.
func withoutKeys(effects []softdelete.Effect) []softdelete.Effect {
	for i := range effects {
		effects[i].Keys = nil
	}
	return effects
}

func pointer(id uint) *uint { return &id }

func TestDeletionStaysInTheTableThatTheStatementNames(t *testing.T) {
	for name, named := range namedTables {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := openNamed(t, database, softdelete.Config{Ledger: true})
				require.NoError(t, db.Create([]namedNode{
					{ID: 1, Notes: []namedNote{{ID: 1}}},
					{ID: 2, ParentID: pointer(1), Notes: []namedNote{{ID: 2}}},
					{ID: 3, ParentID: pointer(2)},
					{ID: 4},
				}).Error)
				copyTable(t, db, "named_nodes", named.table)
				live := func(table string) []uint { return liveIDs(t, db, table, "deleted_at IS NULL") }

				preview, err := softdelete.Preview(db.Table(ownQuotes(db, named.call)), &namedNode{ID: 1})
				require.NoError(t, err)
				require.Equal(t, []uint{1, 2, 3, 4}, live(named.table))

				report, err := softdelete.Delete(db.Table(ownQuotes(db, named.call)), &namedNode{ID: 1})
				require.NoError(t, err)
				require.Equal(t, report.Effects, withoutKeys(preview.Effects))
				require.Equal(t, named.table, report.Effects[0].Table)
				require.Equal(t, []uint{4}, live(named.table), "the rows below are taken there")
				require.Equal(t, []uint{1, 2, 3, 4}, live("named_nodes"), "and none in the model's own table")
				require.Empty(t, live("named_notes"), "related models have their own")
				var entry softdelete.Deletion
				require.NoError(t, db.First(&entry, "id = ?", report.DeletionID).Error)
				require.Equal(t, named.table, entry.Table)

				back, err := softdelete.PreviewRestore(db.Table(ownQuotes(db, named.call)), &namedNode{ID: 1})
				require.NoError(t, err)
				node := namedNode{ID: 1}
				report, err = softdelete.Restore(db.Table(ownQuotes(db, named.call)), &node)
				require.NoError(t, err)
				require.Equal(t, report.Effects, withoutKeys(back.Effects))
				require.Equal(t, named.table, report.Effects[0].Table)
				require.Equal(t, []uint{1, 2, 3, 4}, live(named.table))
				require.Equal(t, []uint{1, 2}, live("named_notes"))
				require.False(t, node.DeletedAt.Valid)
				require.NoError(t, db.First(&entry, "id = ?", entry.ID).Error)
				require.NotNil(t, entry.RestoredAt)

				// Where nothing is under it in the named table, what the own one has does not count.
				require.NoError(t, db.Exec("DELETE FROM "+quoteName(db, named.table)+" WHERE id > 1").Error)
				require.NoError(t, db.Unscoped().Table(ownQuotes(db, named.call)).Delete(&namedNode{ID: 1}).Error)
				require.Empty(t, liveIDs(t, db, named.table, "1 = 1"))
				require.Equal(t, []uint{1, 2, 3, 4}, live("named_nodes"))
				require.Equal(t, []uint{2}, live("named_notes"))
			})
		})
	}
}

func TestDeletionByConditionInANamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		require.NoError(t, db.Create([]namedNode{{ID: 1, Name: "a"}, {ID: 2, Name: "b", ParentID: pointer(1)}, {ID: 3, Name: "c"}}).Error)
		copyTable(t, db, "named_nodes", "copied")
		live := func(table string) []uint { return liveIDs(t, db, table, "deleted_at IS NULL") }
		result := db.Table("copied AS n").Where("n.name = ?", "a").Delete(&namedNode{})
		require.NoError(t, result.Error)
		require.EqualValues(t, 1, result.RowsAffected)
		require.Equal(t, []uint{3}, live("copied"))
		require.Equal(t, []uint{1, 2, 3}, live("named_nodes"))
		_, err := softdelete.Restore(db.Table("copied AS n").Where("n.name = ?", "a"), &namedNode{})
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2, 3}, live("copied"))

		_, err = gorm.G[namedNode](db).Table("copied").Where("name = ?", "a").Delete(t.Context())
		require.NoError(t, err)
		require.Equal(t, []uint{3}, live("copied"))
		require.NoError(t, db.Scopes(func(tx *gorm.DB) *gorm.DB { return tx.Table("copied") }).Delete(&namedNode{ID: 3}).Error)
		require.Empty(t, live("copied"))
		require.Equal(t, []uint{1, 2, 3}, live("named_nodes"))
		_, err = softdelete.Restore(db.Scopes(func(tx *gorm.DB) *gorm.DB { return tx.Table("copied") }), &namedNode{ID: 3})
		require.NoError(t, err)
		require.Equal(t, []uint{3}, live("copied"))
	})
}

func TestOverlappingDeletionsOfTwoTablesHoldTheirChildren(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		require.NoError(t, db.Create(&namedNode{ID: 1, Notes: []namedNote{{ID: 1}}}).Error)
		copyTable(t, db, "named_nodes", "copied")
		require.NoError(t, db.Table("copied").Delete(&namedNode{ID: 1}).Error)
		require.NoError(t, db.Delete(&namedNode{ID: 1}).Error)
		_, err := softdelete.Restore(db.Table("copied"), &namedNode{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1}, liveIDs(t, db, "copied", "deleted_at IS NULL"))
		require.Empty(t, liveIDs(t, db, "named_notes", "deleted_at IS NULL"), "the note's own parent is deleted")
		_, err = softdelete.Restore(db, &namedNode{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1}, liveIDs(t, db, "named_notes", "deleted_at IS NULL"))
	})
}

func TestADeletionOfANamedTableIsRestoredThere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{Ledger: true})
		require.NoError(t, db.Create(&namedNode{ID: 1, Notes: []namedNote{{ID: 1}}}).Error)
		copyTable(t, db, "named_nodes", "copied")
		report, err := softdelete.Delete(db.Table("copied"), &namedNode{ID: 1})
		require.NoError(t, err)

		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, `softdelete.Restore(db.Table("copied"), &namedNode{…})`)
		_, err = softdelete.RestoreDeletion(db.Session(&gorm.Session{DryRun: true}), report.DeletionID)
		require.ErrorIs(t, err, softdelete.ErrUnsupported, "a preview too")

		other, err := gorm.Open(db.Dialector, &gorm.Config{}) // one that has not heard of the table
		require.NoError(t, err)
		require.NoError(t, other.Use(softdelete.New(softdelete.Config{Models: namedModels})))
		_, err = softdelete.RestoreDeletion(other, report.DeletionID)
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "db.Table")
		require.Empty(t, liveIDs(t, db, "named_notes", "deleted_at IS NULL"), "no child comes back alone")

		_, err = softdelete.Restore(db.Table("copied"), &namedNode{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1}, liveIDs(t, db, "named_notes", "deleted_at IS NULL"))
	})
}

func TestRefusalsLookIntoTheNamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		require.NoError(t, db.Create([]namedCard{{ID: 1, State: "held"}, {ID: 2, State: "open", ParentID: pointer(1)}}).Error)
		copyTable(t, db, "named_cards", "copied")
		require.NoError(t, db.Delete(&namedCard{ID: 2}).Error)
		var blocked *softdelete.BlockedError
		require.ErrorAs(t, db.Table("copied").Delete(&namedCard{ID: 1}).Error, &blocked)
		require.Equal(t, []softdelete.Blocker{{Table: "copied", Relation: "Children", Rows: 1, Keys: []string{"2"}}}, blocked.Blockers)
		require.NoError(t, db.Delete(&namedCard{ID: 1}).Error, "the model's own has no live card left under it")
		require.NoError(t, db.Table("copied").Delete(&namedCard{ID: 2}).Error)
		require.NoError(t, db.Table("copied").Delete(&namedCard{ID: 1}).Error)
		card := namedCard{ID: 1}
		_, err := softdelete.Restore(db.Table("copied"), &card)
		require.NoError(t, err)
		require.Equal(t, "held", card.State, "the former status, from the named table")
		require.Equal(t, []uint{1}, liveIDs(t, db, "copied", "state <> 'gone'"))
		require.Empty(t, liveIDs(t, db, "named_cards", "state <> 'gone'"))
	})
}

func TestArchiveOfANamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		bills := []namedBill{{ID: 1, Text: "a"}, {ID: 2, Text: "b", Of: pointer(1)}, {ID: 3, Text: "c"}}
		require.NoError(t, db.Create(&bills).Error)
		all := func(table string) []uint { return liveIDs(t, db, table, "1 = 1") }

		copyTable(t, db, "named_bills", "bare")
		for _, call := range []func() error{
			func() error { return db.Table("bare").Delete(&namedBill{ID: 1}).Error },
			func() error { _, err := softdelete.Preview(db.Table("bare"), &namedBill{ID: 1}); return err },
			func() error { _, err := softdelete.Restore(db.Table("bare"), &namedBill{ID: 1}); return err },
		} {
			err := call()
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, `db.Table("bare").AutoMigrate(&namedBill{})`)
		}
		require.Equal(t, []uint{1, 2, 3}, all("bare"))

		tables := []string{"bills_2023"}
		if database.MigratesSchemas() {
			tables = append(tables, filed+".bills_2023")
		}
		for _, table := range tables {
			require.NoError(t, db.Table(table).AutoMigrate(&namedBill{}))
			require.NoError(t, db.Table(table).Create(&bills).Error)
			require.NoError(t, db.Table(table).Delete(&namedBill{ID: 1}).Error)
			require.Equal(t, []uint{3}, all(table))
			require.Equal(t, []uint{1, 2}, all(table+"_archive"))
			require.Empty(t, all("named_bills_archive"))
			require.Equal(t, []uint{1, 2, 3}, all("named_bills"))
			require.ErrorIs(t, db.Table(table).Save(&namedBill{ID: 2}).Error, softdelete.ErrRowDeleted)
			bill := namedBill{ID: 1}
			_, err := softdelete.Restore(db.Table(table), &bill)
			require.NoError(t, err)
			require.Equal(t, "a", bill.Text)
			require.Equal(t, []uint{1, 2, 3}, all(table))
			require.Empty(t, all(table+"_archive"))
		}
	})
}

func TestEventLogOfANamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		copyTable(t, db, "named_books", "bare")
		require.NoError(t, db.Exec("INSERT INTO bare (id, title) VALUES (1, 'a')").Error)
		require.ErrorIs(t, db.Table("bare").Delete(&namedBook{ID: 1}).Error, softdelete.ErrUnsupported)
		require.Equal(t, []uint{1}, liveIDs(t, db, "bare", "deleted_at IS NULL"))

		require.NoError(t, db.Table("books_2023").AutoMigrate(&namedBook{}))
		require.NoError(t, db.Table("books_2023").Create(&namedBook{ID: 1, Title: "a"}).Error)
		require.NoError(t, db.Table("books_2023").Delete(&namedBook{ID: 1}).Error)
		_, err := softdelete.Restore(db.Table("books_2023"), &namedBook{ID: 1})
		require.NoError(t, err)
		events, err := softdelete.History(db.Table("books_2023"), &namedBook{ID: 1})
		require.NoError(t, err)
		types := []string{}
		for _, event := range events {
			types = append(types, event.Type)
		}
		require.Equal(t, []string{"created", "deleted", "restored"}, types)
		events, err = softdelete.History(db, &namedBook{ID: 1})
		require.NoError(t, err)
		require.Empty(t, events)
		book := namedBook{ID: 1}
		require.NoError(t, softdelete.AsOf(db.Table("books_2023 AS b"), &book, time.Now().Add(time.Hour)))
		require.Equal(t, "a", book.Title)
		require.NoError(t, db.Exec("UPDATE books_2023 SET title = 'damaged'").Error)
		rows, err := softdelete.Rebuild(db.Table("books_2023"), &namedBook{})
		require.NoError(t, err)
		require.EqualValues(t, 1, rows)
	})
}

func TestTablesThatAreNoSingleOnesAreRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := openNamed(t, database, softdelete.Config{})
		require.NoError(t, db.Create(&namedNode{ID: 1, Notes: []namedNote{{ID: 1}}}).Error)
		for name, table := range map[string]*gorm.DB{
			"several":      db.Table("named_nodes, named_notes"),
			"a join":       db.Table("named_nodes JOIN named_notes ON node_id = named_nodes.id"),
			"a sub-query":  db.Table("(?) AS n", db.Model(&namedNode{})),
			"an SQL text":  db.Table("(SELECT * FROM named_nodes) AS n"),
			"bound values": db.Table("named_nodes AS n, generate_series(1, ?)", 2),
		} {
			t.Run(name, func(t *testing.T) {
				table = table.Session(&gorm.Session{})
				_, previewErr := softdelete.Preview(table, &namedNode{ID: 1})
				_, restoreErr := softdelete.Restore(table, &namedNode{ID: 1})
				_, backErr := softdelete.PreviewRestore(table, &namedNode{ID: 1})
				for _, err := range []error{
					table.Delete(&namedNode{ID: 1}).Error, table.Unscoped().Delete(&namedNode{ID: 1}).Error, previewErr, restoreErr, backErr,
				} {
					require.ErrorIs(t, err, softdelete.ErrUnsupported)
					require.ErrorContains(t, err, "namedNode")
				}
			})
		}
		require.Equal(t, []uint{1}, liveIDs(t, db, "named_nodes", "deleted_at IS NULL"))
		require.Equal(t, []uint{1}, liveIDs(t, db, "named_notes", "deleted_at IS NULL"))
		copyTable(t, db, "named_nodes", "copied")
		err := db.Table("copied").Select("Children").Delete(&namedNode{ID: 1}).Error
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "namedNode.Children")
	})
}
