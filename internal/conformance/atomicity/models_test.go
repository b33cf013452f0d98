package atomicity_test

import (
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// atomicOrg is the root of three levels of cascades, all with hooks. Its own hooks change the value, as hooks may.
type atomicOrg struct {
	ID         uint
	Name       string
	UpdatedAt  time.Time
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Users      []atomicUser    `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	Invoices   []atomicInvoice `gorm:"foreignKey:OrgID;constraint:-" softdelete:"keep"`
}

// atomicUser has no DeletionID, so that its time is its mark.
type atomicUser struct {
	ID     uint
	OrgID  uint
	Gone   bool         `softdelete:"flag"`
	GoneAt *time.Time   `softdelete:"at"`
	Posts  []atomicPost `gorm:"foreignKey:UserID" softdelete:"cascade"`
}

type atomicPost struct {
	ID         uint
	UserID     uint
	User       *atomicUser `softdelete:"guard"`
	ParentID   *uint
	Status     string `softdelete:"status;deleted:removed;visible:published,draft"`
	Was        string `softdelete:"previous"`
	RemovedAt  int64  `softdelete:"at;unit:ms"`
	By         string `softdelete:"actor"`
	DeletionID softdelete.DeletionID
	Replies    []atomicPost `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

type atomicInvoice struct {
	ID    uint
	OrgID uint
}

// atomicFolder and atomicFile lead to each other.
type atomicFolder struct {
	ID        uint
	FileID    *uint
	DeletedAt gorm.DeletedAt
	Files     []atomicFile `gorm:"foreignKey:FolderID;constraint:-" softdelete:"cascade"`
}

type atomicFile struct {
	ID         uint
	FolderID   uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Unpacked   []atomicFolder `gorm:"foreignKey:FileID;constraint:-" softdelete:"cascade"`
}

// atomicShop is a chain without hooks and cycles, which PostgreSQL marks by one statement.
type atomicShop struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Shelves    []atomicShelf `gorm:"foreignKey:ShopID" softdelete:"cascade"`
}

type atomicShelf struct {
	ID         uint
	ShopID     uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Items      []atomicItem `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
}

type atomicItem struct {
	ID         uint
	ShelfID    uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
}

// atomicNote is what a caller writes around the plugin's call in his own transaction.
type atomicNote struct{ ID uint }

// atomicHookKey finds the atomicHookFunc that the models' hooks call in the statement's context.
type atomicHookKey struct{}

type atomicHookFunc func(tx *gorm.DB, hook string) error

func atomicHook(tx *gorm.DB, hook string) error {
	if call, ok := tx.Statement.Context.Value(atomicHookKey{}).(atomicHookFunc); ok {
		return call(tx, hook)
	}
	return nil
}

func (o *atomicOrg) BeforeDelete(tx *gorm.DB) error {
	o.Name += " going"
	return atomicHook(tx, "org.BeforeDelete")
}

func (o *atomicOrg) AfterDelete(tx *gorm.DB) error {
	o.Name += " gone"
	return atomicHook(tx, "org.AfterDelete")
}
func (o *atomicOrg) BeforeRestore(tx *gorm.DB) error  { return atomicHook(tx, "org.BeforeRestore") }
func (o *atomicOrg) AfterRestore(tx *gorm.DB) error   { return atomicHook(tx, "org.AfterRestore") }
func (u *atomicUser) BeforeDelete(tx *gorm.DB) error  { return atomicHook(tx, "user.BeforeDelete") }
func (u *atomicUser) AfterDelete(tx *gorm.DB) error   { return atomicHook(tx, "user.AfterDelete") }
func (u *atomicUser) BeforeRestore(tx *gorm.DB) error { return atomicHook(tx, "user.BeforeRestore") }
func (p *atomicPost) BeforeDelete(tx *gorm.DB) error  { return atomicHook(tx, "post.BeforeDelete") }
func (p *atomicPost) AfterDelete(tx *gorm.DB) error   { return atomicHook(tx, "post.AfterDelete") }
func (p *atomicPost) AfterRestore(tx *gorm.DB) error  { return atomicHook(tx, "post.AfterRestore") }
