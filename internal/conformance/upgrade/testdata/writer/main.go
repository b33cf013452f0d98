// Command writer writes the databases of the office with the version of the plugin that it is built with. See ../write.sh.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: writer sqlite|postgres DSN DIRECTORY SCHEMA")
		os.Exit(2)
	}
	w := &writer{kind: os.Args[1], dsn: os.Args[2], dir: os.Args[3], now: office.Day0, facts: map[string]string{}}
	w.write()
	text, err := json.MarshalIndent(w.facts, "", "\t")
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.dir, "facts.json"), append(text, '\n'), 0o644))
}

type writer struct {
	kind, dsn, dir string
	now            time.Time
	facts          map[string]string // what only chance has made: IDs
	*gorm.DB
	settings *office.Settings
}

func (w *writer) must(errs ...error) {
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
}

// open opens the database with settings.
func (w *writer) open(signs bool, change func(*office.Settings)) {
	w.close()
	dialector := sqlite.Open(w.dsn)
	if w.kind == "postgres" {
		dialector = postgres.Open(w.dsn + "&search_path=" + os.Args[4])
	}
	db, err := gorm.Open(dialector, &gorm.Config{Logger: logger.Discard, NowFunc: func() time.Time { return w.now }})
	w.must(err)
	w.settings, err = office.New(w.dir, signs)
	w.must(err)
	if change != nil {
		change(w.settings)
	}
	w.must(w.settings.Use(db))
	w.DB = db
}

func (w *writer) close() {
	if w.DB == nil {
		return
	}
	pool, err := w.DB.DB()
	w.must(err, pool.Close())
}

// tick lets a minute pass.
func (w *writer) tick() { w.now = w.now.Add(time.Minute) }

func (w *writer) add(rows ...any) {
	for _, row := range rows {
		w.tick()
		w.must(w.Create(row).Error)
	}
}

// remove deletes a row, and notes the deletion.
func (w *writer) remove(name string, row any) {
	w.tick()
	ctx := softdelete.WithReason(softdelete.WithActor(context.Background(), "clerk"), "because of "+name)
	report, err := softdelete.Delete(w.WithContext(ctx), row)
	w.must(err)
	w.facts[name] = string(report.DeletionID)
}

func (w *writer) hold(name string, row any, until time.Time) {
	w.tick()
	id, err := softdelete.Hold(w.DB, row, softdelete.HoldOptions{Matter: name, PlacedBy: "counsel", Until: until})
	w.must(err)
	w.facts["hold "+name] = string(id)
}

func (w *writer) erase(request string, row any) {
	w.tick()
	_, err := softdelete.Erase(w.DB, row, softdelete.ErasureRequest{ID: request})
	w.must(err)
}

func (w *writer) write() {
	w.open(false, nil)
	w.must(office.Migrate(w.DB))
	w.firstDay()
	w.now = office.Day0.Add(40 * 24 * time.Hour)
	w.purge()
	w.deletions()
	w.keysAgain()
	w.holds()
	w.snapshot("backup")
	w.now = office.Day0.Add(43 * 24 * time.Hour)
	w.erasures()
	reading, err := office.Read(w.DB)
	w.must(err)
	text, err := json.MarshalIndent(reading, "", " ")
	w.must(err, os.WriteFile(filepath.Join(w.dir, "reading.json"), append(text, '\n'), 0o644))
	w.snapshot("office")
	w.close()
}

func ptr[T any](value T) *T { return &value }

func (w *writer) firstDay() {
	for i, name := range []string{"Ann", "Bob", "Cyd", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida"} {
		id := uint(i + 1)
		w.add(&office.Client{ID: id, Name: name + " Canary", Email: name + "@canary.example", Phone: ptr("555-canary-" + name)})
		w.add(&office.Matter{ID: id * 10, ClientID: id, Title: "canary of " + name, State: "open"})
		w.add(&office.Matter{ID: id*10 + 1, ClientID: id, Title: "second canary of " + name, State: "review"})
		for n := range uint(3) {
			w.add(&office.Paper{ID: id*100 + n, MatterID: id * 10, Text: fmt.Sprintf("canary paper %d of %s", n, name)})
		}
		w.add(&office.Bill{ID: id, ClientID: id, Number: fmt.Sprintf("2026/%d", id), Cents: 100, Payer: name + " Canary", Lines: []office.BillLine{
			{ID: id * 10, BillID: id, Text: "hours"}, {ID: id*10 + 1, BillID: id, Text: "letters"},
		}})
	}
	w.add(&office.Label{ID: 1, Name: "slow"}, &office.Label{ID: 2, Name: "good"})
	w.add(&office.ClientLabel{ClientID: 1, LabelID: 1, Role: "first"}, &office.ClientLabel{ClientID: 1, LabelID: 2}, &office.ClientLabel{ClientID: 2, LabelID: 1})
	w.add(&office.Folder{ID: 1, Name: "all"}, &office.Folder{ID: 2, ParentID: ptr(uint(1)), Name: "some"}, &office.Folder{ID: 3, ParentID: ptr(uint(2)), Name: "few"})
	w.add(&office.Folder{ID: 4, Name: "apart"}, &office.Folder{ID: 5, ParentID: ptr(uint(4)), Name: "below"})
	w.add(&office.Filing{ID: 1, FolderID: 3, ClientID: 3}, &office.Filing{ID: 2, FolderID: 5, ClientID: 3}, &office.Filing{ID: 3, FolderID: 5, ClientID: 1})
	w.add(&office.Seat{Hall: "a,b", Place: "c", Guest: "first"}, &office.Seat{Hall: "a", Place: "b,c", Guest: "second"})
	w.add(&office.Seat{Hall: `x\`, Place: "y", Guest: "third"}, &office.Seat{Hall: "live, too", Place: "1", Guest: "fourth"})
	for i, key := range [][2]string{{"d,e", "f"}, {"d", "e,f"}, {`g\,`, "h"}, {"k", "l"}} {
		w.add(&office.Visitor{Country: key[0], Number: key[1], Name: "Canary visitor"})
		w.add(&office.Visit{ID: uint(i + 1), Country: key[0], Number: key[1], Page: "/canary"})
	}
	at := time.Date(2026, 1, 1, 1, 2, 3, 456789000, time.FixedZone("", 2*3600))
	w.add(&office.Sample{At: at, Sum: []byte{0xff, 0, ','}, Name: "Canary sample"}, &office.Sample{At: at, Sum: []byte{1}, Name: "Canary other"})
	w.add(&office.Meter{ID: 1, Name: "one", Value: 1}, &office.Meter{ID: 2, Name: "two", Value: 1}, &office.Meter{ID: 3, Name: "three", Value: 1})
	for id := range uint(6) {
		w.add(&office.Lease{ID: id + 1, Region: []string{"north", "south"}[id%2]})
	}
	w.add(&office.Applicant{ID: 1, Name: "Canary applicant"}, &office.Applicant{ID: 2, Name: "Canary late"})
	w.add(&office.Deed{ID: 1, Text: "for ever"})
	w.remove("bill 3", &office.Bill{ID: 3})
	w.remove("bill of Eve", &office.Bill{ID: 5})
	w.remove("applicant", &office.Applicant{ID: 1})
}

// purge sends what is due to cold storage.
func (w *writer) purge() {
	report, err := softdelete.Purge(w.DB, softdelete.PurgeOptions{Models: []any{&office.Bill{}, &office.BillLine{}}})
	w.must(err)
	for _, m := range report.Models {
		for i, id := range m.ColdBatches {
			w.facts[fmt.Sprintf("cold %s %d", m.Model, i)] = id
		}
	}
}

func (w *writer) deletions() {
	w.tick()
	w.must(w.Model(&office.Client{ID: 1}).Updates(map[string]any{"balance": 5, "phone": nil}).Error)
	w.must(w.Model(&office.Meter{}).Where("id > 1").Update("value", gorm.Expr("value + 1")).Error)
	w.must(w.Save(&office.Meter{ID: 1, Name: "one again", Value: 7}).Error)
	w.tick()
	w.must(w.Delete(&office.Meter{ID: 2}).Error)
	w.add(&office.Meter{ID: 2, Name: "two again", Value: 20})
	w.must(w.Delete(&office.Meter{ID: 3}).Error)

	w.remove("paper of Bob", &office.Paper{ID: 200})
	w.remove("matter of Bob", &office.Matter{ID: 21})
	w.remove("Bob", &office.Client{ID: 2})
	w.remove("folder 2", &office.Folder{ID: 2})
	w.remove("Cyd", &office.Client{ID: 3})
	w.remove("folder 1", &office.Folder{ID: 1})
	w.remove("Dan", &office.Client{ID: 4})
	w.add(&office.Client{ID: 14, Name: "Dan's heir", Email: "Dan@canary.example"})
	w.tick()
	w.must(w.Model(&office.Client{ID: 1}).Association("Labels").Delete(&office.Label{ID: 1}))
	w.remove("matter of Ann", &office.Matter{ID: 11})
	w.tick()
	_, err := softdelete.Restore(w.DB, &office.Matter{ID: 11})
	w.must(err)
	for id := range uint(4) {
		w.remove(fmt.Sprintf("lease %d", id+1), &office.Lease{ID: id + 1})
	}
	w.remove("visitor", &office.Visitor{Country: `g\,`, Number: "h"})
}

// keysAgain archives keys more than once.
func (w *writer) keysAgain() {
	w.now = office.Day0.Add(42 * 24 * time.Hour)
	w.remove("bill 1, first", &office.Bill{ID: 1})
	w.add(&office.Bill{ID: 1, ClientID: 1, Number: "2026/1", Cents: 200, Payer: "Ann Canary"}, &office.BillLine{ID: 10, BillID: 1, Text: "hours again"})
	w.remove("bill 1, second", &office.Bill{ID: 1})
	w.remove("bill 2", &office.Bill{ID: 2})
	w.remove("bill of Fay", &office.Bill{ID: 6})
	w.add(&office.Bill{ID: 15, ClientID: 1, Number: "2026/15", Payer: "Ann Canary"}, &office.Bill{ID: 16, ClientID: 1, Number: "2026/16", Payer: "Ann Canary"})
	w.remove("seat", &office.Seat{Hall: "a,b", Place: "c"})
	w.remove("other seat", &office.Seat{Hall: "a", Place: "b,c"})
	w.remove("third seat", &office.Seat{Hall: `x\`, Place: "y"})
	w.add(&office.Seat{Hall: `x\`, Place: "y", Guest: "third's heir"})
}

func (w *writer) holds() {
	w.hold("Gil", &office.Client{ID: 7}, time.Time{})
	w.hold("lease", &office.Lease{ID: 1}, time.Time{})
	w.hold("released", &office.Lease{ID: 2}, time.Time{})
	w.tick()
	w.must(softdelete.Release(w.DB, softdelete.HoldID(w.facts["hold released"])))
	w.hold("ended", &office.Lease{ID: 3}, w.now.Add(time.Hour))
	w.hold("seat", &office.Seat{Hall: "a,b", Place: "c"}, time.Time{})
	w.hold("visitor", &office.Visitor{Country: "d", Number: "e,f"}, office.Day0.AddDate(5, 0, 0))
	w.hold("Bob", &office.Client{ID: 2}, time.Time{})
	w.hold("bill", &office.Bill{ID: 2}, time.Time{})
}

// erasures are with certificates unsigned at first; the bank refuses for a while.
func (w *writer) erasures() {
	w.settings.Bank.Refuse(true)
	w.erase("eve", &office.Client{ID: 5})
	w.erase("visitor", &office.Visitor{Country: "d,e", Number: "f"})
	if softdelete.DispatchErasures(w.DB) == nil {
		panic("the bank refuses")
	}
	w.open(true, nil)
	w.erase("fay", &office.Client{ID: 6})
	at := time.Date(2026, 1, 1, 1, 2, 3, 456789000, time.FixedZone("", 2*3600))
	w.erase("sample", &office.Sample{At: at, Sum: []byte{0xff, 0, ','}})
	w.erase("deleted-visitor", &office.Visitor{Country: `g\,`, Number: "h"})
	w.begun()
	w.halfWay()
}

// refusingLedger is broken once it has an entry.
type refusingLedger struct{ softdelete.ErasureLedger }

var errBroken = errors.New("broken")

func (l refusingLedger) Append(ctx context.Context, e softdelete.LedgerEntry) error {
	return errors.Join(l.ErasureLedger.Append(ctx, e), errBroken)
}

// begun leaves an erasure that stands in the ledger, and was not done.
func (w *writer) begun() {
	w.open(true, func(s *office.Settings) { s.ErasureLedger = refusingLedger{s.ErasureLedger} })
	w.tick()
	_, err := softdelete.Erase(w.DB, &office.Client{ID: 8}, softdelete.ErasureRequest{ID: "hal"})
	if !errors.Is(err, errBroken) {
		panic(fmt.Sprint("an erasure with a broken ledger: ", err))
	}
}

// stopping ends a context after so many statements.
type stopping struct {
	logger.Interface
	left int
	stop context.CancelFunc
}

func (s *stopping) LogMode(logger.LogLevel) logger.Interface { return s }

func (s *stopping) Trace(context.Context, time.Time, func() (string, int64), error) {
	if s.left--; s.left == 0 {
		s.stop()
	}
}

// halfWay leaves an erasure of which some batches are done.
func (w *writer) halfWay() {
	w.open(true, nil)
	w.tick()
	for n := 1; ; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		session := w.Session(&gorm.Session{Context: ctx, Logger: &stopping{Interface: logger.Discard, left: n, stop: cancel}})
		_, err := softdelete.Erase(session, &office.Client{ID: 9}, softdelete.ErasureRequest{ID: "ida"})
		cancel()
		if err == nil {
			panic("the erasure came to its end")
		}
		var begun int64
		w.must(w.Raw("SELECT count(*) FROM softdelete_erasure_progress").Scan(&begun).Error)
		if begun > 0 {
			return
		}
	}
}

// snapshot copies the database as it is.
func (w *writer) snapshot(name string) {
	if w.kind == "postgres" {
		w.must(dump(os.Args[4], filepath.Join(w.dir, name+".sql")))
		return
	}
	pool, err := sql.Open(sqlite.DriverName, w.dsn)
	w.must(err)
	_, err = pool.Exec("VACUUM INTO ?", filepath.Join(w.dir, name+".db"))
	w.must(err, pool.Close())
}
