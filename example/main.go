// Command example shows what softdelete does, on a small application with organizations, users, posts, comments and
// payments: a blocked deletion, a preview, a cascade, a new user with a deleted one's address, a conflict on restoring, and
// a restore that brings back exactly what the deletion took; then an archive, an event log, and an erasure with its
// certificate. It runs on SQLite in memory, or in a schema or database of its own on a server, and leaves nothing behind:
//
//	go run ./example
//	go run ./example -database postgres -dsn 'host=127.0.0.1 user=test dbname=test'
//	go run ./example -database mysql -dsn 'test:secret@tcp(127.0.0.1:3306)/'
//
// models.go has the models with their tags, steps.go a function per step.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
)

func main() {
	name := flag.String("database", "sqlite", "sqlite, postgres or mysql")
	dsn := flag.String("dsn", "", "the data source name of the server, as GORM's driver wants it")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *name, *dsn); err != nil {
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// run takes the steps one after the other, a day for each, and prints what they show.
func run(ctx context.Context, out io.Writer, name, dsn string) error {
	today := time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC)
	db, leave, err := open(name, dsn, func() time.Time { return today })
	if err != nil {
		return err
	}
	defer leave()
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
func open(name, dsn string, now func() time.Time) (db *gorm.DB, leave func(), err error) {
	d, err := databaseNamed(name)
	if err != nil {
		return nil, nil, err
	}
	db, leave, err = d.connect(dsn, &gorm.Config{
		NowFunc: now, TranslateError: true,
		Logger: logger.Discard, // the steps print what fails
	})
	if err != nil {
		return nil, nil, err
	}
	if err := prepare(db); err != nil {
		leave()
		return nil, nil, err
	}
	return db, leave, nil
}

func prepare(db *gorm.DB) error {
	if err := db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true})); err != nil {
		return err
	}
	if err := db.AutoMigrate(models...); err != nil {
		return err
	}
	return db.AutoMigrate(softdelete.Tables()...)
}
