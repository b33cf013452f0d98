package softdelete_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
)

// exampleDB opens an empty database in memory with the plugin and the models' tables. Its clock moves on by a minute
// whenever it is asked.
func exampleDB(models ...any) *gorm.DB {
	return exampleDBWith(softdelete.Config{Models: models, Ledger: true})
}

// exampleDBWith is exampleDB with a configuration.
func exampleDBWith(config softdelete.Config) *gorm.DB {
	now := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	return exampleDBAt(config, func() time.Time { now = now.Add(time.Minute); return now })
}

// exampleDBAt is exampleDBWith with a clock.
func exampleDBAt(config softdelete.Config, now func() time.Time) *gorm.DB {
	db, err := gorm.Open(sqlite.Open("file::memory:?_foreign_keys=on"), &gorm.Config{NowFunc: now, Logger: logger.Discard})
	must(err)
	pool, err := db.DB()
	must(err)
	pool.SetMaxOpenConns(1)
	must(db.Use(softdelete.New(config)))
	must(db.AutoMigrate(config.Models...))
	must(db.AutoMigrate(softdelete.Tables()...))
	return db
}

// atNine is a clock that stands still.
func atNine() time.Time { return time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC) }

// must ends an example that cannot go on.
func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The smallest use: the tags say what deleting means, and every GORM statement obeys.
func Example() {
	type Post struct {
		ID        uint
		UserID    uint
		Title     string
		DeletedAt gorm.DeletedAt
	}
	type User struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"` // unique among live users
		DeletedAt gorm.DeletedAt
		Posts     []Post `softdelete:"cascade"` // deleted and restored with the user
	}

	db, err := gorm.Open(sqlite.Open("file:example?mode=memory&cache=shared"), &gorm.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Use(softdelete.New(softdelete.Config{Models: []any{&User{}, &Post{}}})); err != nil {
		log.Fatal(err)
	}
	if err := db.AutoMigrate(&User{}, &Post{}); err != nil {
		log.Fatal(err)
	}
	livePosts := func() (n int64) {
		db.Model(&Post{}).Count(&n)
		return n
	}

	ann := User{Email: "ann@example.com", Posts: []Post{{Title: "One"}, {Title: "Two"}}}
	db.Create(&ann)
	db.Delete(&ann.Posts[0])
	fmt.Println("live posts:", livePosts())

	db.Delete(&ann)
	fmt.Println("after deleting the user:", livePosts())

	if _, err := softdelete.Restore(db, &ann); err != nil {
		log.Fatal(err)
	}
	fmt.Println("after restoring her:", livePosts()) // the one that went with her, not the one deleted before
	// Output:
	// live posts: 1
	// after deleting the user: 0
	// after restoring her: 1
}

func ExampleDelete() {
	type Post struct {
		ID        uint
		UserID    uint
		DeletedAt gorm.DeletedAt
	}
	type Payment struct {
		ID     uint
		UserID uint
	}
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Posts     []Post    `softdelete:"cascade"`
		Payments  []Payment `softdelete:"keep"`
	}
	db := exampleDB(&User{}, &Post{}, &Payment{})
	user := User{Posts: []Post{{}, {}}, Payments: []Payment{{}}}
	db.Create(&user)

	report, err := softdelete.Delete(db, &user)
	must(err)
	for _, e := range report.Effects {
		fmt.Println(e.Table, e.Action, e.Rows)
	}
	// Output:
	// users deleted 1
	// posts deleted 2
	// payments kept 1
}

// The plugin is registered once, with all models that a rule concerns. Wrong tags are told here, all of them.
func ExampleNew() {
	type Comment struct {
		ID     uint
		PostID uint
	}
	type Post struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Comments  []Comment `softdelete:"casacde"`
	}
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{})
	must(err)

	err = db.Use(softdelete.New(softdelete.Config{Models: []any{&Post{}, &Comment{}}, MaxRows: 10_000}))
	fmt.Println(errors.Is(err, softdelete.ErrPolicy))
	fmt.Println(err)
	// Output:
	// true
	// softdelete: invalid policy: Post.Comments: unknown setting "casacde" (did you mean "cascade"?); known are block, cascade, keep
}

// Deleting what is deleted already, or is not there, is no error: the report has no rows.
func ExampleReport_Rows() {
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{})
	db.Create([]User{{}, {}, {}})

	for range 2 {
		report, err := softdelete.Delete(db, &[]User{{ID: 1}, {ID: 2}, {ID: 99}})
		fmt.Println(report.Rows(), err)
	}
	// Output:
	// 2 <nil>
	// 0 <nil>
}

func ExampleInto() {
	type User struct {
		ID        uint
		Email     string
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{})
	db.Create([]User{{Email: "ann@example.com"}, {Email: "bob@example.com"}, {Email: "cy@example.org"}})

	var report softdelete.Report
	tx := db.Clauses(softdelete.Into(&report)).Where("email LIKE ?", "%@example.com").Delete(&User{})
	fmt.Println(tx.RowsAffected, tx.Error)
	fmt.Println(report.At.Format(time.DateOnly), report.Effects[0].Table, report.Effects[0].Rows)
	// Output:
	// 2 <nil>
	// 2026-03-01 users 2
}

func ExamplePreview() {
	type Invoice struct {
		ID        uint
		UserID    uint
		DeletedAt gorm.DeletedAt
	}
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Invoices  []Invoice `softdelete:"block"`
	}
	db := exampleDB(&User{}, &Invoice{})
	user := User{Invoices: []Invoice{{}, {}}}
	db.Create(&user)

	report, err := softdelete.Preview(db, &user)
	must(err)
	for _, e := range report.Effects {
		fmt.Println("would be", e.Action, e.Rows, "in", e.Table)
	}
	for _, b := range report.Blockers {
		fmt.Println("but for", b.Rows, "in", b.Table, "with the keys", b.Keys)
	}
	// Output:
	// would be deleted 1 in users
	// but for 2 in invoices with the keys [1 2]
}

func ExampleBlockedError() {
	type Invoice struct {
		ID        uint
		UserID    uint
		DeletedAt gorm.DeletedAt
	}
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Invoices  []Invoice `softdelete:"block"`
	}
	db := exampleDB(&User{}, &Invoice{})
	user := User{Invoices: []Invoice{{}}}
	db.Create(&user)

	err := db.Delete(&user).Error
	var blocked *softdelete.BlockedError
	if errors.As(err, &blocked) {
		for _, b := range blocked.Blockers {
			fmt.Println("first settle", b.Rows, "of", b.Table, b.Keys)
		}
	}
	fmt.Println(err)
	// Output:
	// first settle 1 of invoices [1]
	// softdelete: deletion is blocked: 1 live row in table invoices by relation Invoices (keys 1); delete or re-point them first
}

func ExampleWithActor() {
	type Post struct {
		ID        uint
		Title     string
		DeletedAt gorm.DeletedAt
		DeletedBy string `softdelete:"actor"`
		Why       string `softdelete:"reason"`
	}
	db := exampleDB(&Post{})
	post := Post{Title: "Buy now"}
	db.Create(&post)

	ctx := softdelete.WithActor(context.Background(), "moderator 7")
	ctx = softdelete.WithReason(ctx, "spam")
	db.WithContext(ctx).Delete(&post)

	fmt.Printf("by %s, because of %s\n", post.DeletedBy, post.Why)
	// Output: by moderator 7, because of spam
}

// Actor and reason are in the ledger of deletions too, which needs no field in the models.
func ExampleWithReason() {
	type User struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB(&User{}) // with Config.Ledger
	db.Create(&User{})

	ctx := softdelete.WithReason(context.Background(), "account closed by its owner")
	db.WithContext(ctx).Delete(&User{}, 1)

	var last softdelete.Deletion
	db.Last(&last)
	fmt.Println(last.Table, last.Key+":", last.Reason)
	// Output: users 1: account closed by its owner
}

func ExampleTables() {
	type User struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	db := exampleDB() // with Config.Ledger, and after db.AutoMigrate(softdelete.Tables()...)
	if err := db.AutoMigrate(&User{}); err != nil {
		log.Fatal(err)
	}
	user := User{}
	db.Create(&user)
	db.WithContext(softdelete.WithActor(context.Background(), "admin")).Delete(&user)

	var last softdelete.Deletion
	db.Order("deleted_at DESC").First(&last)
	fmt.Println(last.Table, last.Key, "by", last.Actor)

	if _, err := softdelete.RestoreDeletion(db, last.ID); err != nil {
		log.Fatal(err)
	}
	db.First(&last)
	fmt.Println("restored:", last.RestoredAt != nil)
	// Output:
	// users 1 by admin
	// restored: true
}

func ExampleDDL() {
	type User struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB()

	statements, err := softdelete.DDL(db, &User{}) // executes nothing
	must(err)
	for _, statement := range statements {
		fmt.Println(statement)
	}
	// Output:
	// CREATE TABLE `users` (`id` integer PRIMARY KEY AUTOINCREMENT,`email` text,`deleted_at` datetime)
	// CREATE UNIQUE INDEX `idx_users_email` ON `users`(`email`) WHERE `deleted_at` IS NULL
}

func ExampleDDLScript() {
	type User struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	db := exampleDB()

	script, err := softdelete.DDLScript(db, softdelete.ScriptGoose, &User{}) // executes nothing
	must(err)
	fmt.Print(script)
	// Output:
	// -- +goose Up
	// CREATE TABLE `users` (`id` integer PRIMARY KEY AUTOINCREMENT,`email` text,`deleted_at` datetime);
	// CREATE UNIQUE INDEX `idx_users_email` ON `users`(`email`) WHERE `deleted_at` IS NULL;
}
