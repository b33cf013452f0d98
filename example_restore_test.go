package softdelete_test

import (
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// A row that two deletions would have taken comes back when neither is in force any more.
func ExampleRestore() {
	type Comment struct {
		ID        uint
		PostID    uint
		AuthorID  uint
		DeletedAt gorm.DeletedAt
	}
	type Post struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Comments  []Comment `softdelete:"cascade"`
	}
	type Author struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Comments  []Comment `softdelete:"cascade"`
	}
	db := exampleDB(&Post{}, &Author{}, &Comment{})
	post, author := Post{}, Author{}
	db.Create(&post)
	db.Create(&author)
	db.Create(&Comment{PostID: post.ID, AuthorID: author.ID})

	db.Delete(&post)   // takes the comment
	db.Delete(&author) // would take it too, but it is deleted already

	restore := func(value any) {
		report, err := softdelete.Restore(db, value)
		must(err)
		for _, e := range report.Effects {
			fmt.Println(e.Table, e.Action, e.Rows)
		}
	}
	restore(&post)   // the author is still deleted, and holds the comment
	restore(&author) // brings it back
	// Output:
	// posts restored 1
	// comments skipped 1
	// authors restored 1
	// comments restored 1
}

func ExampleRestore_condition() {
	type User struct {
		ID        uint
		Email     string
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{})
	db.Create(&User{Email: "ann@example.com"})
	db.Delete(&User{}, "email = ?", "ann@example.com")

	report, err := softdelete.Restore(db.Where("email = ?", "ann@example.com"), &User{})
	fmt.Println(report.Effects[0].Rows, err)
	// Output: 1 <nil>
}

func ExampleRestoreDeletion() {
	type User struct {
		ID         uint
		Name       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	db := exampleDB(&User{})
	db.Create([]User{{Name: "Ann"}, {Name: "Bob"}, {Name: "Cy"}})
	db.Delete(&User{}, "name = ?", "Cy")

	var report softdelete.Report
	db.Clauses(softdelete.Into(&report)).Delete(&User{}, "1 = 1") // a mistake

	back, err := softdelete.RestoreDeletion(db, report.DeletionID)
	fmt.Println(back.Effects[0].Rows, err)
	var names []string
	db.Model(&User{}).Order("id").Pluck("name", &names)
	fmt.Println(names)
	// Output:
	// 2 <nil>
	// [Ann Bob]
}

func ExamplePreviewRestore() {
	type Post struct {
		ID        uint
		UserID    uint
		DeletedAt gorm.DeletedAt
	}
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Posts     []Post `softdelete:"cascade"`
	}
	db := exampleDB(&User{}, &Post{})
	user := User{Posts: []Post{{}, {}, {}}}
	db.Create(&user)
	db.Delete(&user)

	report, err := softdelete.PreviewRestore(db, &user)
	must(err)
	for _, e := range report.Effects {
		fmt.Println(e.Rows, "of", e.Table, "would be", e.Action)
	}
	// Output:
	// 1 of users would be restored
	// 3 of posts would be restored
}

func ExampleConflictError() {
	type User struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{})
	ann := User{Email: "ann@example.com"}
	db.Create(&ann)
	db.Delete(&ann)
	db.Create(&User{Email: "ann@example.com"}) // the address is free again

	_, err := softdelete.Restore(db, &ann)
	var conflict *softdelete.ConflictError
	if errors.As(err, &conflict) {
		fmt.Println(conflict.Columns, "is taken by", conflict.LiveKeys)
		db.Delete(&User{}, conflict.LiveKeys)
	}
	_, err = softdelete.Restore(db, &ann)
	fmt.Println(err)
	// Output:
	// [email] is taken by [2]
	// <nil>
}
