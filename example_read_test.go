package softdelete_test

import (
	"context"
	"fmt"

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
