// Package office is an application whose database an earlier version of the plugin has written: its models, its settings, and
// what it reads. It compiles with that version and with the present one.
package office

import (
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	// Client is a person; her deletion takes matters, filings and labels along.
	Client struct {
		ID         uint
		CreatedAt  time.Time
		Name       string         `pii:"fixed:[erased]"`
		Email      string         `gorm:"uniqueIndex" pii:"template:gone-{id}@example.invalid"`
		Phone      *string        `pii:"null"`
		Balance    int            `pii:"-"`
		DeletedAt  gorm.DeletedAt `softdelete:"events"`
		DeletionID softdelete.DeletionID
		Actor      string   `softdelete:"actor"`
		Reason     string   `softdelete:"reason"`
		Matters    []Matter `softdelete:"cascade"`
		Filings    []Filing `softdelete:"cascade"`
		Bills      []Bill   `softdelete:"keep"`
		Labels     []Label  `gorm:"many2many:client_labels" softdelete:"cascade"`
	}
	// Label hangs on clients.
	Label struct {
		ID   uint
		Name string `gorm:"unique"`
	}
	// ClientLabel is a link with a policy.
	ClientLabel struct {
		ClientID   uint `gorm:"primaryKey"`
		LabelID    uint `gorm:"primaryKey"`
		Role       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	// Matter is marked by its state.
	Matter struct {
		ID         uint
		ClientID   uint
		Client     *Client    `softdelete:"guard"`
		Title      string     `pii:"fixed:-"`
		State      string     `softdelete:"status;deleted:removed;visible:open,review"`
		Was        string     `softdelete:"previous"`
		RemovedAt  *time.Time `softdelete:"at"`
		DeletionID softdelete.DeletionID
		Papers     []Paper `softdelete:"cascade"`
	}
	// Paper is marked by a flag and a time, and has no DeletionID.
	Paper struct {
		ID       uint
		MatterID uint
		Matter   *Matter    `softdelete:"lazy"`
		Text     string     `pii:"fixed:-"`
		Gone     bool       `softdelete:"flag"`
		GoneAt   *time.Time `softdelete:"at"`
	}
	// Folder is a tree that is marked by times only.
	Folder struct {
		ID        uint
		ParentID  *uint
		Name      string
		DeletedAt gorm.DeletedAt
		Children  []Folder `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Filings   []Filing `softdelete:"cascade"`
	}
	// Filing stands under a folder and under a client.
	Filing struct {
		ID        uint
		FolderID  uint
		ClientID  uint
		DeletedAt gorm.DeletedAt
	}
	// Bill moves to an archive with its lines, and to cold storage later.
	Bill struct {
		_        struct{} `softdelete:"archive;retain:30d;then:cold;events"`
		ID       uint
		ClientID uint
		Number   string `gorm:"uniqueIndex"`
		Cents    int64
		Payer    string     `pii:"fixed:-"`
		Lines    []BillLine `softdelete:"cascade"`
	}
	// BillLine moves with its bill.
	BillLine struct {
		_      struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID     uint
		BillID uint
		Text   string
	}
	// Seat is archived, and its keys are texts.
	Seat struct {
		_     struct{} `softdelete:"archive"`
		Hall  string   `gorm:"primaryKey;size:40"`
		Place string   `gorm:"primaryKey;size:40"`
		Guest string
	}
	// Visitor is a person with a key of two texts.
	Visitor struct {
		Country   string `gorm:"primaryKey;size:40"`
		Number    string `gorm:"primaryKey;size:40"`
		CreatedAt time.Time
		Name      string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
		Visits    []Visit        `gorm:"foreignKey:Country,Number;references:Country,Number" softdelete:"cascade"`
	}
	// Visit goes with its visitor's erasure.
	Visit struct {
		_       struct{} `pii:"delete"`
		ID      uint
		Country string `gorm:"size:40"`
		Number  string `gorm:"size:40"`
		Page    string
		GoneAt  int64 `softdelete:"timestamp;unit:ms"`
	}
	// Sample is personal data whose key is a time and bytes.
	Sample struct {
		At        time.Time `gorm:"primaryKey"`
		Sum       []byte    `gorm:"primaryKey"`
		CreatedAt time.Time
		Name      string `pii:"fixed:[erased]"`
	}
	// Meter has a log and no policy else.
	Meter struct {
		_     struct{} `softdelete:"events"`
		ID    uint
		Name  string
		Value int
	}
	// Lease is kept for 30 days, for each region.
	Lease struct {
		ID        uint
		Region    string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;tenant:Region"`
	}
	// Applicant is erased in time, and then removed.
	Applicant struct {
		ID        uint
		CreatedAt time.Time
		Name      string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:60d;then:erase"`
	}
	// Deed is never deleted.
	Deed struct {
		_    struct{} `softdelete:"never"`
		ID   uint
		Text string
	}
)

// Models are all of them.
func Models() []any {
	return []any{
		&Client{}, &Label{}, &ClientLabel{}, &Matter{}, &Paper{}, &Folder{}, &Filing{}, &Bill{}, &BillLine{}, &Seat{}, &Visitor{},
		&Visit{}, &Sample{}, &Meter{}, &Lease{}, &Applicant{}, &Deed{},
	}
}
