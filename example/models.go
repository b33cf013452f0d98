package main

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// models are what the plugin checks at the start and what AutoMigrate creates.
var models = []any{&Organization{}, &User{}, &Post{}, &Comment{}, &Payment{}, &Invoice{}, &Account{}}

// Organization cannot be deleted while it has live users.
type Organization struct {
	ID        uint
	Name      string         `gorm:"uniqueIndex"` // unique among live rows
	DeletedAt gorm.DeletedAt // makes the strategy timestamp
	Users     []User         `softdelete:"block"`
}

// User takes their posts along. Payments stay, for the books.
type User struct {
	ID             uint
	OrganizationID uint
	Name           string `pii:"fixed:[erased]"`
	Email          string `gorm:"uniqueIndex" pii:"template:erased-{id}@example.invalid"` // free again once the user is deleted
	DeletedAt      gorm.DeletedAt
	DeletionID     softdelete.DeletionID // which deletion took the row
	Posts          []Post                `softdelete:"cascade"`
	Payments       []Payment             `softdelete:"keep"`
}

// Post takes its comments along.
type Post struct {
	ID         uint
	UserID     uint
	User       *User `softdelete:"guard"` // no new post for a deleted user
	Title      string
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Comments   []Comment `softdelete:"cascade"`
}

// Comment is deleted by a flag.
type Comment struct {
	ID         uint
	PostID     uint
	Text       string
	Deleted    bool `softdelete:"flag"`
	DeletionID softdelete.DeletionID
}

// Payment is never deleted.
type Payment struct {
	_      struct{} `softdelete:"never"`
	ID     uint
	UserID uint
	Payer  string `pii:"keep;basis:tax law, ten years"`
	Cents  int64
}

// Invoice moves to the table invoices_archive when it is deleted.
type Invoice struct {
	_      struct{} `softdelete:"archive"`
	ID     uint
	Number string `gorm:"uniqueIndex"`
	Cents  int64
}

// Account keeps an event of every change. Delete removes its row, and the log keeps it.
type Account struct {
	_     struct{} `softdelete:"events"`
	ID    uint
	Owner string
	Cents int64
}

// fill creates the rows that the steps work on.
func fill(db *gorm.DB) error {
	return db.Create(&Organization{
		Name: "Acme",
		Users: []User{
			{
				Name: "Ann", Email: "ann@example.com",
				Posts: []Post{
					{Title: "First draft", Comments: []Comment{{Text: "Too long."}}},
					{Title: "Release notes", Comments: []Comment{{Text: "Great."}, {Text: "At last."}}},
				},
				Payments: []Payment{{Payer: "Ann", Cents: 1200}, {Payer: "Ann", Cents: 800}},
			},
			{Name: "Bob", Email: "bob@example.com"},
		},
	}).Error
}
