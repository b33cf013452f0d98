// Command example shows what softdelete does, on a small application with organizations, users, posts, comments and
// payments: a blocked deletion, a preview, a cascade, a new user with a deleted one's address, a conflict on restoring, and
// a restore that brings back exactly what the deletion took; then an archive, an event log, and an erasure with its
// certificate. It runs on SQLite in memory and leaves nothing behind:
//
//	go run ./example
//
// models.go has the models with their tags, steps.go a function per step.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// run takes the steps one after the other, a day for each, and prints what they show.
func run(ctx context.Context, out io.Writer) error {
	today := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db, err := open(func() time.Time { return today })
	if err != nil {
		return err
	}
	defer closeDB(db)
	db = db.WithContext(ctx)
	if err := fill(db); err != nil {
		return err
	}
	for i, step := range steps {
		today = today.AddDate(0, 0, 1)
		fmt.Fprintf(out, "%d. %s\n\n   > %s\n", i+1, step.title, step.call)
		if err := step.show(db, out); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.title, err)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// open opens the database, registers the plugin and creates the tables. now is the clock, for GORM and for softdelete alike;
// an application leaves NowFunc out.
func open(now func() time.Time) (*gorm.DB, error) {
	db, err := gorm.Open(sqlite.Open("file::memory:?_foreign_keys=on"), &gorm.Config{
		NowFunc: now,
		Logger:  logger.Discard, // the steps print what fails
	})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1) // every connection to a SQLite database in memory has one of its own

	if err := db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true})); err != nil {
		return nil, err
	}
	if err := db.AutoMigrate(models...); err != nil {
		return nil, err
	}
	return db, db.AutoMigrate(softdelete.Tables()...)
}

func closeDB(db *gorm.DB) {
	if pool, err := db.DB(); err == nil {
		pool.Close()
	}
}
