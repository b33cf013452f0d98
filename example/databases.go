package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// database is one that the tour can be taken on. On a server it makes a place of its own, and drops it at the end.
type database struct {
	open func(dsn string) (gorm.Dialector, error)
	// enter and leave are statements with the place's name where %s stands; there are none where nothing is left behind.
	enter []string
	leave string
}

var databases = map[string]database{
	"sqlite": {
		open: func(dsn string) (gorm.Dialector, error) {
			if dsn != "" {
				return nil, fmt.Errorf("the tour on SQLite is in memory, and takes no -dsn")
			}
			return sqlite.Open("file::memory:?_foreign_keys=on"), nil
		},
	},
	"postgres": {
		open:  func(dsn string) (gorm.Dialector, error) { return postgres.Open(dsn), nil },
		enter: []string{"CREATE SCHEMA %s", "SET search_path TO %s"},
		leave: "DROP SCHEMA %s CASCADE",
	},
	"mysql": {
		open: func(dsn string) (gorm.Dialector, error) {
			config, err := driver.ParseDSN(dsn)
			if err != nil {
				return nil, err
			}
			config.ParseTime, config.Loc = true, time.UTC // without the first, no time can be read
			// A text without a length can be in no index.
			return mysql.New(mysql.Config{DSN: config.FormatDSN(), DefaultStringSize: 191}), nil
		},
		enter: []string{"CREATE DATABASE %s", "USE %s"},
		leave: "DROP DATABASE %s",
	},
}

// databaseNamed finds the database that a flag names.
func databaseNamed(name string) (database, error) {
	d, ok := databases[name]
	if !ok {
		return database{}, fmt.Errorf("-database %q: it is one of %s", name, strings.Join(slices.Sorted(maps.Keys(databases)), ", "))
	}
	return d, nil
}

// connect opens a pool of one connection, which is in the place of the tour.
func (d database) connect(dsn string, config *gorm.Config) (db *gorm.DB, leave func(), err error) {
	dialector, err := d.open(dsn)
	if err != nil {
		return nil, nil, err
	}
	if db, err = gorm.Open(dialector, config); err != nil {
		return nil, nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, nil, err
	}
	pool.SetMaxOpenConns(1) // of SQLite in memory each connection has a database of its own, of a server each a place that it is in
	name := make([]byte, 8)
	rand.Read(name)
	place := "softdelete_tour_" + hex.EncodeToString(name)
	for _, statement := range d.enter {
		if err := db.Exec(fmt.Sprintf(statement, place)).Error; err != nil {
			pool.Close()
			return nil, nil, err
		}
	}
	return db, func() {
		if d.leave != "" {
			db.Exec(fmt.Sprintf(d.leave, place))
		}
		pool.Close()
	}, nil
}
