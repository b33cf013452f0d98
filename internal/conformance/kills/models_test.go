package kills_test

import (
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	// killPerson is a person with an event log; her deletion marks her notes and moves her bills.
	killPerson struct {
		ID         uint
		CreatedAt  time.Time
		Name       string         `pii:"fixed:[erased]"`
		Email      string         `gorm:"uniqueIndex" pii:"template:gone-{id}@example.invalid"`
		Points     int            `pii:"-"`
		DeletedAt  gorm.DeletedAt `softdelete:"events"`
		DeletionID softdelete.DeletionID
		Notes      []killNote `gorm:"foreignKey:PersonID" softdelete:"cascade"`
		Bills      []killBill `gorm:"foreignKey:PersonID" softdelete:"cascade"`
	}
	killNote struct {
		ID         uint
		PersonID   uint
		Person     *killPerson `softdelete:"guard"`
		Text       string      `pii:"fixed:-"`
		Status     string      `softdelete:"status;deleted:removed"`
		Was        string      `softdelete:"previous"`
		DeletionID softdelete.DeletionID
	}
	// killBill moves to its archive with its lines, and to cold storage later.
	killBill struct {
		_        struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID       uint
		PersonID uint
		Number   string         `gorm:"uniqueIndex"`
		Payer    string         `pii:"fixed:-"`
		Lines    []killBillLine `gorm:"foreignKey:BillID" softdelete:"cascade"`
	}
	killBillLine struct {
		_      struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID     uint
		BillID uint
		Cents  int
	}
	// killLease is removed in time.
	killLease struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
)

var killModels = []any{&killPerson{}, &killNote{}, &killBill{}, &killBillLine{}, &killLease{}}

// The tables with rows, parents first.
var killTables = []string{"kill_people", "kill_notes", "kill_bills", "kill_bill_lines", "kill_leases"}

const (
	killPeople, killLeases = 6, 5
	// killBatch is less than the rows of a person, so that erasures take several transactions.
	killBatch = 3
)

// killConfig is the plugin's, for an application whose files are in a directory.
func killConfig(dir string) (softdelete.Config, error) {
	store, err := softdelete.DirColdStore(filepath.Join(dir, "cold"))
	if err != nil {
		return softdelete.Config{}, err
	}
	ledger, err := softdelete.FileLedger(filepath.Join(dir, "erasures"))
	return softdelete.Config{
		Models: killModels, Ledger: true, Holds: true, ColdStore: store, ErasureLedger: ledger, ErasureBatch: killBatch,
	}, err
}
