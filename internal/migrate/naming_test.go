package migrate_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// calledOwner and calledNote have the names that the application's naming strategy gives them.
	calledOwner struct {
		_         struct{} `softdelete:"events;retain:1d;then:cold"`
		ID        uint
		FullName  string `pii:"fixed:[erased]"`
		EMail     string `gorm:"uniqueIndex"`
		NickName  string `gorm:"unique"`
		CreatedAt time.Time
		DeletedAt gorm.DeletedAt
		Notes     []calledNote `gorm:"foreignKey:OwnerID;constraint:-" softdelete:"cascade"`
		Slots     []calledSlot `gorm:"foreignKey:OwnerID;constraint:-" softdelete:"cascade"`
	}
	calledNote struct {
		_       struct{} `softdelete:"archive;events"`
		ID      uint
		OwnerID uint
		Text    string `pii:"null"`
	}
	calledSlot struct {
		ID         uint
		OwnerID    uint
		Owner      *calledOwner `gorm:"constraint:-" softdelete:"guard;lazy"`
		SlotState  string       `softdelete:"status"`
		LastState  string       `softdelete:"previous"`
		DeletionID softdelete.DeletionID
	}
)

// shoutingNamer is a strategy of the application's own.
type shoutingNamer struct{ schema.NamingStrategy }

func (n shoutingNamer) TableName(name string) string {
	return strings.ToUpper(n.NamingStrategy.TableName(name))
}

func (n shoutingNamer) ColumnName(table, column string) string {
	return "C_" + strings.ToUpper(n.NamingStrategy.ColumnName(table, column))
}

func (n shoutingNamer) IndexName(table, column string) string {
	return "X_" + n.NamingStrategy.IndexName(table, column)
}

// namingStrategies are what applications give GORM.
func namingStrategies() map[string]schema.Namer {
	return map[string]schema.Namer{
		"NoLowerCase":  schema.NamingStrategy{NoLowerCase: true},
		"NameReplacer": &schema.NamingStrategy{NameReplacer: strings.NewReplacer("ID", "Number", "At", "On", "Key", "Code", "Table", "Sheet")},
		"all at once":  schema.NamingStrategy{TablePrefix: "App_", SingularTable: true, NoLowerCase: true, NameReplacer: strings.NewReplacer("Request", "Wish", "Until", "To")},
		"its own":      shoutingNamer{},
	}
}

func TestThePluginsTablesHaveTheirOwnNames(t *testing.T) {
	for name, strategy := range namingStrategies() {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				testNaming(t, database, strategy)
			})
		})
	}
}

func testNaming(t *testing.T, database *testdb.Database, strategy schema.Namer) {
	t.Helper()
	store, err := softdelete.DirColdStore(t.TempDir())
	require.NoError(t, err)
	ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	models := []any{&calledOwner{}, &calledNote{}, &calledSlot{}}
	clock := time.Now()
	db := fixture.Open(t, database, softdelete.Config{
		Models: models, Ledger: true, Holds: true, ColdStore: store, ErasureBatch: 2, ErasureLedger: ledger,
		Processors: []softdelete.Processor{fixture.NewParty("party", 1)},
	}, &gorm.Config{NamingStrategy: strategy, NowFunc: func() time.Time { return clock }})
	notes := []calledNote{{ID: 1, Text: "first text"}, {ID: 2, Text: "second text"}, {ID: 3, Text: "third text"}}
	slots := []calledSlot{{ID: 1, SlotState: "booked"}}
	require.NoError(t, db.Create([]calledOwner{
		{ID: 1, FullName: "Ann Canary", EMail: "a@x", NickName: "a", Notes: notes, Slots: slots},
		{ID: 2, FullName: "Bob Canary", EMail: "b@x", NickName: "b"},
		{ID: 3, FullName: "Eve Canary", EMail: "c@x", NickName: "c"},
	}).Error)

	report, err := softdelete.Delete(db, &calledOwner{ID: 1})
	require.NoError(t, err)
	require.EqualValues(t, 1, report.Rows())
	_, err = softdelete.RestoreDeletion(db, report.DeletionID)
	require.NoError(t, err)
	var entry softdelete.Deletion
	require.NoError(t, db.First(&entry, "id = ?", report.DeletionID).Error)
	require.NotNil(t, entry.RestoredAt)
	var slot calledSlot
	require.NoError(t, db.First(&slot).Error)
	require.Equal(t, "booked", slot.SlotState)
	events, err := softdelete.History(db, &calledOwner{ID: 1})
	require.NoError(t, err)
	require.Len(t, events, 3)
	note := calledNote{ID: 3}
	require.NoError(t, softdelete.AsOf(db, &note, clock))
	require.Equal(t, "third text", note.Text)
	changed, err := softdelete.Rebuild(db, &calledNote{})
	require.NoError(t, err)
	require.Zero(t, changed)

	id, err := softdelete.Hold(db, &calledOwner{ID: 1}, softdelete.HoldOptions{Matter: "m"})
	require.NoError(t, err)
	held, err := softdelete.Holds(db)
	require.NoError(t, err)
	require.Len(t, held, 1)
	_, err = softdelete.Erase(db, &calledOwner{ID: 1}, softdelete.ErasureRequest{})
	require.ErrorIs(t, err, softdelete.ErrHeld)
	require.NoError(t, softdelete.Release(db, id))
	_, err = softdelete.Erase(db, &calledOwner{ID: 1}, softdelete.ErasureRequest{ID: "r1"}) // in batches
	require.NoError(t, err)
	require.ErrorIs(t, softdelete.DispatchErasures(db), fixture.Err)
	clock = clock.AddDate(0, 0, 1)
	require.NoError(t, softdelete.DispatchErasures(db))
	certificates, err := softdelete.Certificates(db)
	require.NoError(t, err)
	require.Equal(t, "acknowledged", certificates[0].Recipients[0].State)
	require.NoError(t, softdelete.VerifyCertificates(db))
	replayed, err := softdelete.ReplayErasures(db, ledger)
	require.NoError(t, err)
	require.Equal(t, 1, replayed.AlreadyErased)
	require.ErrorIs(t, db.Unscoped().Model(&calledOwner{ID: 1}).Update("FullName", "Ann").Error, softdelete.ErrErased)

	require.NoError(t, db.Delete(&calledOwner{ID: 2}).Error)
	clock = clock.AddDate(0, 0, 2)
	purged, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	require.NoError(t, err)
	require.Equal(t, fixture.Table(t, db, &calledOwner{}), purged.Models[0].Table)
	require.NotEmpty(t, purged.Models[0].ColdBatches)
	thawed, err := softdelete.Thaw(db, purged.Models[0].ColdBatches[0])
	require.NoError(t, err)
	require.NotZero(t, thawed)

	require.NoError(t, db.Delete(&calledOwner{ID: 3}).Error)
	clock = clock.AddDate(0, 0, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	janitor := softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: time.Millisecond, Purge: softdelete.PurgeOptions{
		Progress: func(softdelete.PurgeProgress) { cancel() },
	}})
	require.ErrorIs(t, janitor.Run(ctx), context.Canceled)

	statements, err := softdelete.DDL(db, append(softdelete.Tables(), models...)...)
	require.NoError(t, err)
	require.Empty(t, statements, "a second migration changes nothing")
}
