package softdelete_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

func ExampleWithDeleted() {
	type Post struct {
		ID        uint
		Title     string
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&Post{})
	db.Create([]Post{{Title: "One"}, {Title: "Two"}})
	db.Delete(&Post{}, "title = ?", "One")

	var titles []string
	db.Model(&Post{}).Pluck("title", &titles)
	fmt.Println(titles)
	db.Model(&Post{}).Clauses(softdelete.WithDeleted).Pluck("title", &titles)
	fmt.Println(titles)
	posts, err := gorm.G[Post](db, softdelete.WithDeleted).Find(context.Background())
	fmt.Println(len(posts), err)
	// Output:
	// [Two]
	// [One Two]
	// 2 <nil>
}

func ExampleOnlyDeleted() {
	type Post struct {
		ID        uint
		Title     string
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&Post{})
	db.Create([]Post{{Title: "One"}, {Title: "Two"}})
	db.Delete(&Post{}, "title = ?", "One")

	var bin []Post
	db.Clauses(softdelete.OnlyDeleted).Find(&bin)
	for _, post := range bin {
		fmt.Println(post.Title, "was deleted on", post.DeletedAt.Time.Format("2 January"))
	}
	// Output: One was deleted on 1 March
}

func ExampleWithDeletedIn() {
	type User struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
	type Post struct {
		ID        uint
		Title     string
		AuthorID  uint
		Author    *User
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{}, &Post{})
	db.Create(&Post{Title: "One", Author: &User{Name: "Ann"}})
	db.Create(&Post{Title: "Two", Author: &User{Name: "Bob"}})
	db.Delete(&Post{}, "title = ?", "Two")
	db.Delete(&User{}, "1 = 1")

	var post Post
	db.Preload("Author").First(&post)
	fmt.Println(post.Title, post.Author)

	var posts []Post // live posts only, but with their authors, deleted or not
	db.Clauses(softdelete.WithDeletedIn("Author")).Preload("Author").Find(&posts)
	for _, post := range posts {
		fmt.Println(post.Title, "by", post.Author.Name)
	}
	// Output:
	// One <nil>
	// One by Ann
}

func ExampleLive() {
	type Post struct {
		ID        uint
		UserID    uint
		Title     string
		DeletedAt gorm.DeletedAt
	}
	type User struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
		Posts     []Post
	}
	db := exampleDB(&User{}, &Post{})
	db.Create(&User{Name: "Ann", Posts: []Post{{Title: "One"}, {Title: "Two"}}})
	db.Delete(&Post{}, "title = ?", "One")

	// A join written as text is not rewritten: without Live it would find the deleted post too.
	var titles []string
	db.Model(&User{}).Joins("JOIN posts p ON p.user_id = users.id AND ?", softdelete.Live("p", &Post{})).Pluck("p.title", &titles)
	fmt.Println(titles)

	// Nor are raw SQL and db.Table without a model.
	db.Raw("SELECT title FROM posts WHERE ?", softdelete.Live("posts", &Post{})).Scan(&titles)
	fmt.Println(titles)
	db.Table("posts").Where(softdelete.Live("posts", &Post{})).Pluck("title", &titles)
	fmt.Println(titles)
	// Output:
	// [Two]
	// [Two]
	// [Two]
}

// Wallet keeps an event of each change, in wallets_events.
type Wallet struct {
	_     struct{} `softdelete:"events"`
	ID    uint
	Owner string
	Cents int64
}

// Every change of a row is an event, whatever GORM statement made it.
func ExampleHistory() {
	db := exampleDB(&Wallet{})
	wallet := Wallet{Owner: "Bob", Cents: 5000}
	db.Create(&wallet)
	db.Model(&wallet).Update("cents", gorm.Expr("cents - ?", 1500))
	db.Delete(&wallet)

	events, err := softdelete.History(db, &wallet)
	must(err)
	for _, e := range events {
		fmt.Println(e.Version, e.Type, string(e.Data))
	}
	// Output:
	// 1 created {"id":1,"owner":"Bob","cents":5000}
	// 2 updated {"cents":3500}
	// 3 deleted {"id":1,"owner":"Bob","cents":3500}
}

// A row as it was at a time.
func ExampleAsOf() {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db := exampleDBAt(softdelete.Config{Models: []any{&Wallet{}}}, func() time.Time { return now })
	db.Create(&Wallet{Owner: "Bob", Cents: 5000})
	now = now.AddDate(0, 0, 1)
	db.Model(&Wallet{ID: 1}).Update("cents", 3500)
	now = now.AddDate(0, 0, 1)
	db.Delete(&Wallet{ID: 1})

	for day := 1; day <= 3; day++ {
		wallet := Wallet{ID: 1}
		err := softdelete.AsOf(db, &wallet, time.Date(2026, time.March, day, 12, 0, 0, 0, time.UTC))
		fmt.Println(day, "March:", wallet.Cents, errors.Is(err, gorm.ErrRecordNotFound))
	}
	// Output:
	// 1 March: 5000 false
	// 2 March: 3500 false
	// 3 March: 0 true
}

// Raw SQL makes no event. Rebuild makes the table what its events say.
func ExampleRebuild() {
	db := exampleDB(&Wallet{})
	db.Create([]Wallet{{Owner: "Ann", Cents: 100}, {Owner: "Bob", Cents: 200}})
	db.Exec("UPDATE wallets SET cents = 0")

	repaired, err := softdelete.Rebuild(db, &Wallet{})
	must(err)
	var cents []int64
	db.Model(&Wallet{}).Order("id").Pluck("cents", &cents)
	fmt.Println(repaired, "rows repaired:", cents)
	// Output: 2 rows repaired: [100 200]
}
