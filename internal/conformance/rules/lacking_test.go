package rules_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	lackingOrder struct {
		ID         uint
		Name       string         `pii:"fixed:gone"`
		DeletedAt  gorm.DeletedAt `softdelete:"retain:1d"`
		DeletionID softdelete.DeletionID
		Lines      []lackingLine `gorm:"foreignKey:OrderID;constraint:-" softdelete:"cascade"`
		Bills      []lackingBill `gorm:"foreignKey:OrderID;constraint:-" softdelete:"block"`
		Notes      []lackingNote `gorm:"foreignKey:OrderID;constraint:-"`
	}
	lackingLine struct {
		ID, OrderID uint
		DeletedAt   gorm.DeletedAt `softdelete:"retain:1d"`
		DeletionID  softdelete.DeletionID
		Parts       []lackingPart `gorm:"foreignKey:LineID;constraint:-" softdelete:"cascade"`
	}
	lackingPart struct {
		_          struct{} `softdelete:"archive;retain:1d"`
		ID, LineID uint
	}
	lackingBill struct {
		ID, OrderID uint
		Text        string `pii:"null"`
		DeletedAt   gorm.DeletedAt
		DeletionID  softdelete.DeletionID
	}
	lackingNote struct {
		ID, OrderID uint
		Text        string `pii:"fixed:gone"`
		DeletedAt   gorm.DeletedAt
		DeletionID  softdelete.DeletionID
	}
	lackingLabel struct {
		ID, OrderID uint
		Order       *lackingOrder `gorm:"constraint:-" softdelete:"guard"`
		DeletedAt   gorm.DeletedAt
	}
)

var lackingModels = []any{&lackingOrder{}, &lackingLine{}, &lackingPart{}, &lackingBill{}, &lackingNote{}, &lackingLabel{}}

// lackingCalls are calls that read tables which their caller did not name. Order 1 is live, order 2 deleted.
var lackingCalls = []struct {
	fact string
	call func(db *gorm.DB) error
	// reads are the tables that it cannot do without.
	reads []lackingTable
}{
	{"a restore", func(db *gorm.DB) error { return report(softdelete.Restore(db, &lackingOrder{ID: 2})) }, []lackingTable{lackingLines, lackingParts, lackingNotes, lackingBills}},
	{"the preview of a restore", func(db *gorm.DB) error { return report(softdelete.PreviewRestore(db, &lackingOrder{ID: 2})) }, []lackingTable{lackingLines, lackingNotes, lackingBills}},
	{"a restore in a transaction", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return report(softdelete.Restore(tx, &lackingOrder{ID: 2})) })
	}, []lackingTable{lackingLines, lackingNotes}},
	{"a restore by its ID", func(db *gorm.DB) error {
		var order lackingOrder
		if err := db.Clauses(softdelete.OnlyDeleted).Take(&order, 2).Error; err != nil {
			return err
		}
		return report(softdelete.RestoreDeletion(db, order.DeletionID))
	}, []lackingTable{lackingLines.by("deletion_id", "deleted_at"), lackingNotes.by("deletion_id", "deleted_at")}},
	{"a deletion", func(db *gorm.DB) error { return db.Delete(&lackingOrder{ID: 1}).Error }, []lackingTable{lackingLines, lackingParts, lackingBills}},
	{"a deletion with a report", func(db *gorm.DB) error { return report(softdelete.Delete(db, &lackingOrder{ID: 1})) }, []lackingTable{lackingLines, lackingNotes}},
	{"a deletion in a transaction", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&lackingOrder{ID: 1}).Error })
	}, []lackingTable{lackingLines, lackingBills}},
	{"a preview", func(db *gorm.DB) error { return report(softdelete.Preview(db, &lackingOrder{ID: 1})) }, []lackingTable{lackingLines, lackingNotes, lackingBills}},
	{"a deletion for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&lackingOrder{ID: 1}).Error }, []lackingTable{lackingLines.by("order_id"), lackingBills}},
	{"an erasure", func(db *gorm.DB) error {
		_, err := softdelete.Erase(db, &lackingOrder{ID: 1}, softdelete.ErasureRequest{})
		return err
	}, []lackingTable{lackingLines, lackingNotes, lackingBills}},
	{"what an erasure would do", func(db *gorm.DB) error {
		_, err := softdelete.PreviewErasure(db, &lackingOrder{ID: 1})
		return err
	}, []lackingTable{lackingLines.by("order_id"), lackingNotes.by("order_id"), lackingBills.by("order_id")}},
	{"a purge", func(db *gorm.DB) error {
		late := db.Session(&gorm.Session{NowFunc: func() time.Time { return time.Now().Add(90 * fixture.Day) }})
		_, err := softdelete.Purge(late, softdelete.PurgeOptions{})
		return err
	}, []lackingTable{lackingLines, lackingNotes, lackingBills}},
	{"a child of a guard", func(db *gorm.DB) error { return db.Create(&lackingLabel{OrderID: 1}).Error }, []lackingTable{lackingOrders}},
	{"an update of it", func(db *gorm.DB) error { return db.Model(&lackingLabel{ID: 1}).Update("order_id", 1).Error }, []lackingTable{lackingOrders}},
}

// lackingTable is a table that calls read, with its model, the relation that leads to it, and columns that they need.
type lackingTable struct {
	table, model, relation string
	columns                []string
}

// by is the same where other columns are needed.
func (t lackingTable) by(columns ...string) lackingTable {
	t.columns = columns
	return t
}

var (
	lackingOrders = lackingTable{"lacking_orders", "lackingOrder", "lackingLabel.Order", []string{"deleted_at", "id"}}
	lackingLines  = lackingTable{"lacking_lines", "lackingLine", "lackingOrder.Lines", []string{"deleted_at", "order_id"}}
	lackingParts  = lackingTable{"lacking_parts", "lackingPart", "lackingLine.Parts", nil}
	lackingBills  = lackingTable{"lacking_bills", "lackingBill", "lackingOrder.Bills", []string{"deleted_at", "order_id"}}
	lackingNotes  = lackingTable{"lacking_notes", "lackingNote", "lackingOrder.Notes", []string{"deleted_at", "order_id"}}
)

func report(_ softdelete.Report, err error) error { return err }

func lackingStage(t *testing.T, database *testdb.Database, options ...gorm.Option) *gorm.DB {
	db := fixture.Open(t, database, softdelete.Config{Models: lackingModels}, options...)
	for id := uint(1); id <= 2; id++ {
		require.NoError(t, db.Create(&lackingOrder{ID: id, Lines: []lackingLine{{Parts: make([]lackingPart, 1)}}, Notes: make([]lackingNote, 1)}).Error)
	}
	require.NoError(t, db.Create(&lackingLabel{OrderID: 1}).Error)
	require.NoError(t, db.Delete(&lackingOrder{ID: 2}).Error)
	return db
}

// requireLacking checks the error of a call that lacks something of a table.
func requireLacking(t *testing.T, err error, read lackingTable, said string, texts ...string) {
	t.Helper()
	require.ErrorIs(t, err, softdelete.ErrUnsupported, said)
	for _, text := range append(texts, "the table "+read.table+" of "+read.model, read.relation) {
		require.ErrorContains(t, err, text, said)
	}
	require.Equal(t, 1, strings.Count(err.Error(), "the table "), "%s: it names one table: %v", said, err)
	var server *pgconn.PgError
	var file sqlite3.Error
	var other *mysql.MySQLError
	require.True(t, errors.As(err, &server) || errors.As(err, &file) || errors.As(err, &other), "%s: the database's error stands behind it: %#v", said, err)
}

func TestACallNamesTheTableThatItsRoleMayNotRead(t *testing.T) {
	testdb.EachOf(t, testdb.Roles, func(t *testing.T, database *testdb.Database) {
		db := lackingStage(t, database)
		role := fixture.Role(t, db, "ALL")
		for _, c := range lackingCalls {
			for _, read := range c.reads {
				said := c.fact + " without " + read.table
				fixture.Exec(t, db, "REVOKE ALL ON "+read.table+" FROM "+role)
				fixture.As(t, db, role, func(db *gorm.DB) {
					requireLacking(t, c.call(db), read, said, "GRANT SELECT", " ON "+read.table+" to it", "permission denied")
				})
				fixture.Exec(t, db, "GRANT ALL ON "+read.table+" TO "+role)
			}
		}
		for _, c := range lackingCalls {
			fixture.As(t, db, role, func(db *gorm.DB) {
				_ = db.Transaction(func(tx *gorm.DB) error {
					require.NoError(t, c.call(tx), c.fact+" with all of them")
					return fixture.Err
				})
			})
		}
	})
}

func TestTheGrantThatACallAsksForIsEnough(t *testing.T) {
	testdb.EachOf(t, testdb.Roles, func(t *testing.T, database *testdb.Database) {
		db := lackingStage(t, database)
		role := fixture.Role(t, db, "ALL")
		for _, c := range lackingCalls {
			for _, read := range c.reads {
				fixture.Exec(t, db, "REVOKE ALL ON "+read.table+" FROM "+role)
				for tries := 0; ; tries++ {
					var err error
					fixture.As(t, db, role, func(db *gorm.DB) {
						_ = db.Transaction(func(tx *gorm.DB) error {
							err = c.call(tx)
							return fixture.Err
						})
					})
					if err == nil {
						break
					}
					require.Less(t, tries, 4, "%s: %v", c.fact, err)
					_, grant, _ := strings.Cut(err.Error(), "; GRANT ")
					grant, _, found := strings.Cut(grant, " to it")
					require.True(t, found, err)
					fixture.Exec(t, db, "GRANT "+grant+" TO "+role)
				}
				fixture.Exec(t, db, "GRANT ALL ON "+read.table+" TO "+role)
			}
		}
	})
}

func TestACallNamesTheTableThatIsNotAsItsModel(t *testing.T) {
	for _, options := range [][]gorm.Option{nil, {&gorm.Config{TranslateError: true}}} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := lackingStage(t, database, options...)
			for _, c := range lackingCalls {
				for _, read := range c.reads {
					for _, column := range read.columns {
						said := fmt.Sprint(c.fact, " without ", read.table, ".", column)
						fixture.Exec(t, db, fmt.Sprintf("ALTER TABLE %s RENAME COLUMN %s TO was", read.table, column))
						requireLacking(t, c.call(db), read, said, "has no column "+column+"; run AutoMigrate")
						fixture.Exec(t, db, fmt.Sprintf("ALTER TABLE %s RENAME COLUMN was TO %s", read.table, column))
					}
					if slices.Contains([]string{lackingNotes.table, lackingBills.table}, read.table) && (strings.Contains(c.fact, "restore") || c.fact == "a purge") {
						continue // which does without
					}
					fixture.Exec(t, db, fmt.Sprintf("ALTER TABLE %s RENAME TO was", read.table))
					if err := c.call(db); read.table == lackingParts.table || c.fact == "a purge" { // which look before
						require.ErrorContains(t, err, "table "+read.table, c.fact)
						require.Regexp(t, "is not there; (run AutoMigrate|migrate it first)", err.Error(), c.fact)
					} else {
						requireLacking(t, err, read, c.fact+" without "+read.table, "is not there; run AutoMigrate")
					}
					fixture.Exec(t, db, fmt.Sprintf("ALTER TABLE was RENAME TO %s", read.table))
				}
				_ = db.Transaction(func(tx *gorm.DB) error {
					require.NoError(t, c.call(tx), c.fact+" with all of them")
					return fixture.Err
				})
			}
		})
	}
}

func TestAPolicyThatRefusesARowAsksForNoGrant(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := lackingStage(t, database)
		fixture.Exec(t, db, "ALTER TABLE lacking_parts_archive ENABLE ROW LEVEL SECURITY")
		fixture.As(t, db, fixture.Role(t, db, "ALL"), func(db *gorm.DB) {
			err := db.Delete(&lackingOrder{ID: 1}).Error
			require.ErrorContains(t, err, "row-level security policy")
			require.NotContains(t, err.Error(), "GRANT")
		})
	})
}
