package migrationtools_test

import (
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// The models as they are, with all that a migration makes for them.
type (
	Firm struct {
		ID        uint
		Code      string         `gorm:"unique"`
		Name      string         `gorm:"uniqueIndex"`
		Size      int            `gorm:"check:size > 0"`
		Region    string         `gorm:"index" softdelete:"live"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1y"`
		Clerks    []Clerk        `gorm:"constraint:OnDelete:CASCADE" softdelete:"cascade"`
	}
	Clerk struct {
		_          struct{} `softdelete:"events"`
		ID         uint
		FirmID     uint
		Firm       *Firm          `softdelete:"guard"`
		Email      string         `gorm:"uniqueIndex:idx_clerks_mail" pii:"template:gone-{id}@example.invalid"`
		Note       string         `gorm:"default:'-- a; b'"`
		DeletedAt  gorm.DeletedAt `gorm:"index"`
		DeletionID softdelete.DeletionID
	}
	Bill struct {
		_      struct{} `softdelete:"archive;events;retain:7y"`
		ID     uint
		Number string `gorm:"uniqueIndex"`
		Sum    int64
	}
	Room struct {
		ID     uint
		Name   string `gorm:"uniqueIndex"`
		Status string `softdelete:"status;deleted:closed;active:open"`
		Was    string `softdelete:"previous"`
	}
	Badge struct {
		ID     uint
		Number string     `gorm:"uniqueIndex"`
		Gone   bool       `softdelete:"flag"`
		GoneAt *time.Time `softdelete:"at"`
	}
	Log struct {
		_  struct{} `softdelete:"never"`
		ID uint
	}
)

// The same tables as an earlier release made them, without the plugin.
type (
	formerFirm struct {
		ID     uint   `gorm:"primaryKey;autoIncrement"`
		Code   string `gorm:"unique"`
		Name   string `gorm:"uniqueIndex"`
		Size   string
		Region string        `gorm:"index"`
		Clerks []formerClerk `gorm:"foreignKey:FirmID;constraint:OnDelete:CASCADE"`
	}
	formerClerk struct {
		ID        uint
		FirmID    uint
		Email     string         `gorm:"uniqueIndex:idx_clerks_mail"`
		DeletedAt gorm.DeletedAt `gorm:"index"`
	}
	formerBill struct {
		ID     uint
		Number string `gorm:"unique"`
	}
	formerRoom struct {
		ID   uint
		Name string `gorm:"uniqueIndex"`
	}
)

func (formerFirm) TableName() string  { return "firms" }
func (formerClerk) TableName() string { return "clerks" }
func (formerBill) TableName() string  { return "bills" }
func (formerRoom) TableName() string  { return "rooms" }

func models() []any { return []any{&Firm{}, &Clerk{}, &Bill{}, &Room{}, &Badge{}, &Log{}} }

func formerModels() []any {
	return []any{&formerFirm{}, &formerClerk{}, &formerBill{}, &formerRoom{}}
}
