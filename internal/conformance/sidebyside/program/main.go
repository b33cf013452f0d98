// Command program is one release of the office's application: it does what it is told on its standard input, a line of JSON for
// each call, and answers with a line. It compiles with an earlier version of the plugin and with the present one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
)

// Call is what the program is told.
type Call struct {
	Do    string          // see calls
	Model string          // the name of one of the office's models
	Row   json.RawMessage // its value, or the key of it
	Set   map[string]any  // columns, for an update
	Text  string          // an ID, or what else the call wants
	Now   time.Time       // the time at which it happens
	Seed  uint64          // of a load
}

// Answer is what came of it.
type Answer struct {
	Error   string          `json:",omitempty"`
	Refused []string        `json:",omitempty"` // the plugin's errors that it is
	Rows    int64           `json:",omitempty"`
	ID      string          `json:",omitempty"`
	Value   json.RawMessage `json:",omitempty"`
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(database, dsn, dir string) error {
	dialector := sqlite.Open(dsn)
	if database == "postgres" {
		dialector = postgres.Open(dsn)
	}
	a := &application{}
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard, NowFunc: a.now})
	if err != nil {
		return err
	}
	settings, err := office.New(dir, true)
	if err != nil {
		return err
	}
	if err := settings.Use(db); err != nil {
		return err
	}
	a.db, a.ledger = db, settings.ErasureLedger
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil // the end
		}
		var call Call
		if err := json.Unmarshal(line, &call); err != nil {
			return err
		}
		if err := out.Encode(a.answer(call)); err != nil {
			return err
		}
	}
}
