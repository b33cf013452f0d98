package softdelete_test

import (
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	Subscriber struct {
		ID        uint
		CreatedAt time.Time
		Name      string `pii:"fixed:[erased]"`
		Email     string `gorm:"uniqueIndex" pii:"template:redacted-{id}@example.invalid"`
		TaxNumber string `pii:"keep;basis:Art. 17(3)(b)"`
		DeletedAt gorm.DeletedAt
		Visits    []Visit
	}
	Visit struct {
		_            struct{} `pii:"delete"`
		ID           uint
		SubscriberID uint
		Address      string
	}
)

// A person is erased: their data is masked in all rows that theirs leads to, and it cannot come back.
func ExampleErase() {
	db := exampleDB(&Subscriber{}, &Visit{})
	jane := Subscriber{Name: "Jane", Email: "jane@mail.test", TaxNumber: "DE 1", Visits: []Visit{{Address: "192.0.2.1"}}}
	db.Create(&jane)

	certificate, err := softdelete.Erase(db, &jane, softdelete.ErasureRequest{ID: "ticket-4711"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range certificate.Tables {
		fmt.Printf("%s: %d masked, %d deleted\n", t.Table, t.Masked, t.Deleted)
	}
	for _, k := range certificate.Kept {
		fmt.Printf("kept: %s.%s, %s\n", k.Table, k.Column, k.Basis)
	}
	var row Subscriber
	db.Unscoped().First(&row, jane.ID)
	fmt.Println(row.Name, row.Email)
	fmt.Println(db.Save(&jane).Error)
	fmt.Println(softdelete.VerifyCertificates(db))
	// Output:
	// subscribers: 1 masked, 0 deleted
	// visits: 0 masked, 1 deleted
	// kept: subscribers.tax_number, Art. 17(3)(b)
	// [erased] redacted-1@example.invalid
	// softdelete: the row is erased: the row with key 1 in table subscribers; its personal columns stay masked, leave them out with Omit or Select
	// <nil>
}
